"""The simulated Twilio: what it signs, accepts, refuses, tells and keeps."""

import asyncio
import base64
import json
import re
import stat
import time
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from infra.local.twilio.app import Settings, SimulatedTwilio, create_app
from infra.local.twilio.pages import FOLDER
from infra.local.twilio.posting import Overrides, overrides, signature
from infra.local.twilio.segments import segment_count
from infra.local.twilio.webhook import country, keyword

SID = "AC" + "0" * 32
TOKEN = "token"
DESK, PERSON = "+15550100100", "+34600100200"
MESSAGES = f"/2010-04-01/Accounts/{SID}/Messages.json"
WEBHOOK = "http://app.test/local/twilio/messages?a=1&b="


class Application:
    """What Twilio posts to: keeps the posts, answers with what it is told."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.posts: list[httpx.Request] = []
        self._answers = list(answers)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.posts.append(request)
        answer = self._answers.pop(0) if self._answers else twiml("")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def forms(self) -> list[dict[str, str]]:
        return [dict(parse_qsl(post.content.decode(), keep_blank_values=True)) for post in self.posts]


def twiml(inner: str, content_type: str = "text/xml") -> httpx.Response:
    return httpx.Response(200, headers={"content-type": content_type}, text=f"<Response>{inner}</Response>")


Steps = Callable[[httpx.AsyncClient, SimulatedTwilio], Awaitable[Any]]


def run(steps: Steps, application: Application | None = None, **settings: Any) -> Any:
    """Runs the steps against a simulated Twilio whose webhooks go to the application."""

    async def main() -> Any:
        values = {"webhook_url": WEBHOOK, "step_seconds": 0.0, **settings}
        http = httpx.AsyncClient(transport=httpx.MockTransport(application or Application()))
        app = create_app(Settings(SID, (TOKEN, "older"), number=DESK, api_keys={"SK1": "secret"}, **values), http)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://twilio.test", auth=(SID, TOKEN)) as client:
            result = await steps(client, app)
            await app.delivery.settle()
            await app.close()
            return result

    return asyncio.run(main())


async def send(client: httpx.AsyncClient, **fields: Any) -> httpx.Response:
    return await client.post(MESSAGES, data={"From": DESK, "To": PERSON, "Body": "hola", **fields})


async def text(client: httpx.AsyncClient, body: str, **wish: Any) -> dict[str, Any]:
    answer = await client.post("/_sim/messages", json={"from": PERSON, "body": body, **wish})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def shown(client: httpx.AsyncClient, query: str = "") -> list[dict[str, Any]]:
    return list((await client.get(f"/_sim/messages{query}")).json()["messages"])


# --- signatures and segments ---------------------------------------------------------------------------------------


def test_signature_of_the_published_vector() -> None:
    fields = [("CallSid", "CA1234567890ABCDE"), ("Caller", "+12349013030"), ("Digits", "1234"),
              ("From", "+12349013030"), ("To", "+18005551212")]  # fmt: skip
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert signature("12345", url, fields) == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="
    assert signature("12345", f"{url}#rc=2", fields) == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=8))
def test_signature_is_what_twilios_own_library_computes(fields: dict[str, str]) -> None:
    safe = {name.encode("utf-8", "ignore").decode(): v.encode("utf-8", "ignore").decode() for name, v in fields.items()}
    assert signature(TOKEN, WEBHOOK, list(safe.items())) == RequestValidator(TOKEN).compute_signature(WEBHOOK, safe)


@pytest.mark.parametrize(
    ("body", "segments"),
    [("", 1), ("a" * 160, 1), ("a" * 161, 2), ("a" * 307, 3), ("€" * 80, 1), ("€" * 81, 2), ("ж" * 70, 1),
     ("ж" * 71, 2), ("😀" * 35, 1), ("😀" * 36, 2), ("a" * 1600, 11)],
)  # fmt: skip
def test_segment_count(body: str, segments: int) -> None:
    assert segment_count(body) == segments


# --- sending --------------------------------------------------------------------------------------------------


def test_message_is_taken_and_shown_as_twilio_shows_it() -> None:
    async def steps(client: httpx.AsyncClient, app: SimulatedTwilio) -> None:
        answer = await send(client)
        assert answer.status_code == 201
        sent = answer.json()
        assert (sent["status"], sent["direction"], sent["num_segments"]) == ("queued", "outbound-api", "1")
        assert (sent["from"], sent["to"], sent["body"], sent["account_sid"]) == (DESK, PERSON, "hola", SID)
        assert sent["sid"].startswith("SM")
        assert len(sent["sid"]) == 34
        await app.delivery.settle()
        fetched = await client.get(f"/2010-04-01/Accounts/{SID}/Messages/{sent['sid']}.json")
        assert fetched.json()["status"] == "delivered"
        listed = await client.get(MESSAGES, params={"To": PERSON})
        assert [message["sid"] for message in listed.json()["messages"]] == [sent["sid"]]
        assert (await client.get(MESSAGES, params={"To": DESK})).json()["messages"] == []

    run(steps)


ERRORS = [
    ({"To": ""}, 21604),
    ({"From": ""}, 21603),
    ({"Body": ""}, 21602),
    ({"To": "123"}, 21211),
    ({"To": "carrier:+34600100200"}, 21211),
    ({"From": "desk"}, 21212),
    ({"From": "+15550100999"}, 21606),
    ({"To": f"whatsapp:{PERSON}"}, 21910),
    ({"Body": "x" * 1601}, 21617),
    ({"From": "", "MessagingServiceSid": "MGnone"}, 21703),
]


@pytest.mark.parametrize(("fields", "code"), ERRORS)
def test_message_that_twilio_refuses(fields: dict[str, str], code: int) -> None:
    answer = run(lambda client, app: send(client, **fields))
    assert (answer.status_code, answer.json()["code"], answer.json()["status"]) == (400, code, 400)
    assert answer.json()["more_info"].endswith(str(code))


@pytest.mark.parametrize(
    ("auth", "status"),
    [((SID, TOKEN), 200), ((SID, "older"), 200), (("SK1", "secret"), 200), ((SID, "wrong"), 401), (("SK1", TOKEN), 401),
     (("SK1", ""), 401), (("", ""), 401)],
)  # fmt: skip
def test_sign_in(auth: tuple[str, str], status: int) -> None:
    answer = run(lambda client, app: client.get(MESSAGES, auth=auth))
    assert answer.status_code == status
    if status == 401:
        assert answer.json()["code"] == 20003


def test_other_accounts_and_messages_are_not_found() -> None:
    async def steps(client: httpx.AsyncClient, app: SimulatedTwilio) -> list[int]:
        paths = [MESSAGES.replace(SID, "ACother"), MESSAGES.replace("Messages", "Messages/SMnone"), "/elsewhere"]
        return [(await client.get(path)).status_code for path in paths]

    assert run(steps) == [404, 404, 404]


def test_messaging_service_chooses_the_sender() -> None:
    answer = run(lambda c, app: send(c, From="", MessagingServiceSid="MG1"), messaging_service_sid="MG1")
    assert (answer.json()["from"], answer.json()["status"]) == (DESK, "accepted")


# --- callbacks -------------------------------------------------------------------------------------------------

CALLBACK = "http://app.test/local/twilio/status"


@pytest.mark.parametrize(
    ("plan", "told", "final"),
    [
        ({}, ["queued", "sent", "delivered"], ("delivered", None)),
        ({"twice": True}, ["queued"] * 2 + ["sent"] * 2 + ["delivered"] * 2, ("delivered", None)),
        ({"reverse": True}, ["delivered", "sent", "queued"], ("delivered", None)),
        ({"order": ["sent"]}, ["sent"], ("sent", None)),
        ({"fail": 30003}, ["queued", "sent", "undelivered"], ("undelivered", 30003)),
        ({"fail": 21610}, ["queued", "sent", "failed"], ("failed", 21610)),
        ({"delay": 0.05}, ["queued", "sent", "delivered"], ("delivered", None)),
    ],
)
def test_status_callbacks_as_ordered(plan: dict[str, Any], told: list[str], final: tuple[str, int | None]) -> None:
    application = Application()

    async def steps(client: httpx.AsyncClient, app: SimulatedTwilio) -> dict[str, Any]:
        assert (await client.post("/_sim/callbacks", json=plan)).status_code == 204
        sid = (await send(client, StatusCallback=CALLBACK)).json()["sid"]
        await app.delivery.settle()
        return dict((await client.get(MESSAGES.replace(".json", f"/{sid}.json"))).json())

    message = run(steps, application)
    forms = application.forms()
    assert [form["MessageStatus"] for form in forms] == told
    assert (message["status"], message["error_code"]) == final
    valid = RequestValidator(TOKEN).validate(CALLBACK, forms[0], application.posts[0].headers["x-twilio-signature"])
    assert valid
    if final[1]:
        assert forms[-1]["ErrorCode"] == str(final[1])


# --- faults ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [({"kind": "429", "times": 2}, 429, 20429), ({"kind": "500", "times": 2}, 500, 20500),
     ({"kind": "400", "code": 21610, "times": 2}, 400, 21610)],
)  # fmt: skip
def test_fault_lasts_as_often_as_told(fault: dict[str, Any], status: int, code: int) -> None:
    async def steps(client: httpx.AsyncClient, app: SimulatedTwilio) -> list[httpx.Response]:
        await client.post("/_sim/faults", json=fault)
        return [await send(client) for _ in range(3)]

    answers = run(steps)
    assert [answer.status_code for answer in answers] == [status, status, 201]
    assert answers[0].json()["code"] == code


def test_timeout_with_accept_keeps_the_message() -> None:
    async def steps(client: httpx.AsyncClient, app: SimulatedTwilio) -> int:
        await client.post("/_sim/faults", json={"kind": "timeout", "seconds": 30, "accept": True})
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(send(client), 0.05)
        return len(await shown(client))

    assert run(steps) == 1


def test_unknown_fault_is_refused() -> None:
    answer = run(lambda client, app: client.post("/_sim/faults", json={"kind": "odd"}))
    assert answer.status_code == 400


# --- receiving -------------------------------------------------------------------------------------------------


def test_handset_text_is_posted_signed_with_the_usual_fields() -> None:
    application = Application()
    result = run(lambda client, app: text(client, "¿Dónde?", fields={"Extra": "1"}), application)
    post, form = application.posts[0], application.forms()[0]
    assert str(post.url) == WEBHOOK
    assert RequestValidator(TOKEN).validate(WEBHOOK, form, post.headers["x-twilio-signature"])
    assert post.headers["content-type"] == "application/x-www-form-urlencoded; charset=UTF-8"
    assert form["MessageSid"] == form["SmsSid"] == form["SmsMessageSid"] == result["sid"]
    assert (form["From"], form["To"], form["Body"], form["AccountSid"]) == (PERSON, DESK, "¿Dónde?", SID)
    assert (form["NumMedia"], form["NumSegments"], form["FromCountry"], form["FromCity"]) == ("0", "1", "ES", "")
    assert (form["SmsStatus"], form["ApiVersion"], form["Extra"]) == ("received", "2010-04-01", "1")
    assert (result["status"], result["contentType"], result["body"]) == (200, "text/xml", "<Response></Response>")


def test_whatsapp_and_rcs_addresses_carry_their_channel() -> None:
    application = Application()

    async def steps(client: httpx.AsyncClient, app: SimulatedTwilio) -> None:
        await text(client, "hi", channel="whatsapp")
        await text(client, "hi", channel="rcs")

    run(steps, application)
    whatsapp, rcs = application.forms()
    assert (whatsapp["From"], whatsapp["To"], whatsapp["WaId"]) == (
        f"whatsapp:{PERSON}",
        f"whatsapp:{DESK}",
        PERSON[1:],
    )
    assert "FromCountry" not in whatsapp
    assert rcs["From"] == f"rcs:{PERSON}"


def test_same_message_can_be_posted_many_times_at_once() -> None:
    application = Application()
    sid = "SM" + "1" * 32
    result = run(lambda client, app: text(client, "hi", sid=sid, count=20), application)
    assert [form["MessageSid"] for form in application.forms()] == [sid] * 20
    assert len(result["deliveries"]) == 20


@pytest.mark.parametrize(
    ("url", "answers", "attempts", "status"),
    [
        (WEBHOOK, [httpx.ConnectError("no"), twiml("")], 2, 200),
        (WEBHOOK, [httpx.ConnectError("no"), httpx.ConnectError("no")], 2, 0),
        (WEBHOOK, [httpx.ReadTimeout("slow"), twiml("")], 1, 0),
        (WEBHOOK, [httpx.Response(503), twiml("")], 1, 503),
        (f"{WEBHOOK}#rc=2&rp=5xx", [httpx.Response(503), httpx.Response(503), twiml("")], 3, 200),
        (f"{WEBHOOK}#rc=2&rp=all", [httpx.ReadTimeout("slow"), httpx.Response(403), twiml("")], 3, 200),
        (f"{WEBHOOK}#rc=0", [httpx.ConnectError("no"), twiml("")], 1, 0),
    ],
)
def test_retries_follow_the_connection_overrides(url: str, answers: list[Any], attempts: int, status: int) -> None:
    application = Application(*answers)
    result = run(lambda client, app: text(client, "hi"), application, webhook_url=url)
    assert (result["deliveries"][0]["attempts"], result["status"]) == (attempts, status)
    assert len({post.headers["i-twilio-idempotency-token"] for post in application.posts}) == 1
    assert {str(post.url) for post in application.posts} == {WEBHOOK}


def test_twiml_replies_are_recorded_as_sent() -> None:
    application = Application(
        twiml("<Message>one</Message><Message><Body>two</Body><Media>http://x/y</Media></Message>")
    )

    async def steps(client: httpx.AsyncClient, app: SimulatedTwilio) -> list[dict[str, Any]]:
        await text(client, "hi")
        return await shown(client, "?direction=outbound-reply")

    replies = run(steps, application)
    assert [(reply["from"], reply["to"], reply["body"], reply["media"]) for reply in replies] == [
        (DESK, PERSON, "one", []),
        (DESK, PERSON, "two", ["http://x/y"]),
    ]


@pytest.mark.parametrize(
    ("answer", "error"),
    [(twiml("", "application/octet-stream"), 12300), (twiml("<Message>"), 12100), (httpx.Response(200), None)],
)
def test_answer_that_is_not_twiml_is_reported(answer: httpx.Response, error: int | None) -> None:
    result = run(lambda client, app: text(client, "hi"), Application(answer))
    assert result.get("error") == error


# --- opt-out ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["STOP", " stop\n", "Revoke", "OPTOUT", "unsubscribe"])
def test_stop_is_obeyed_answered_and_still_posted(word: str) -> None:
    application = Application()

    async def steps(client: httpx.AsyncClient, app: SimulatedTwilio) -> tuple[Any, Any, Any]:
        await text(client, word)
        refused = await send(client)
        told = await shown(client, f"?to={PERSON}")
        await text(client, "START")
        return refused, told, await send(client)

    refused, told, accepted = run(steps, application)
    assert (refused.status_code, refused.json()["code"]) == (400, 21610)
    assert len(told) == 1
    assert "unsubscribed" in told[0]["body"]
    assert accepted.status_code == 201
    assert [form["Body"] for form in application.forms()] == [word, "START"]


@pytest.mark.parametrize("body", ["Stop. Thank you", "please stop", "STOPS", ""])
def test_other_words_do_not_opt_out(body: str) -> None:
    async def steps(client: httpx.AsyncClient, app: SimulatedTwilio) -> httpx.Response:
        await text(client, body)
        return await send(client)

    assert run(steps).status_code == 201


def test_carrier_can_be_told_to_leave_opt_out_alone() -> None:
    async def steps(client: httpx.AsyncClient, app: SimulatedTwilio) -> httpx.Response:
        await text(client, "STOP")
        return await send(client)

    application = Application()
    settings = {"carrier_opt_out": False, "advanced_opt_out": True}
    assert run(steps, application, **settings).status_code == 201
    assert application.forms()[0]["OptOutType"] == "STOP"


# --- media, control API, state ---------------------------------------------------------------------------------


def test_media_needs_sign_in_and_redirects_to_another_host() -> None:
    application = Application()

    async def steps(client: httpx.AsyncClient, app: SimulatedTwilio) -> None:
        uploaded = await client.post("/_sim/media", content=b"\x89PNG", headers={"content-type": "image/png"})
        sid = uploaded.json()["mediaSid"]
        data = base64.b64encode(b"\xff\xd8").decode()
        await text(
            client, "", media=[{"mediaSid": sid}, {"data": data}, {"url": "https://x/y", "contentType": "image/gif"}]
        )
        form = application.forms()[0]
        assert (form["NumMedia"], form["MediaContentType0"], form["MediaContentType1"]) == (
            "3",
            "image/png",
            "image/jpeg",
        )
        assert form["MessageSid"].startswith("MM")
        assert f"/Messages/{form['MessageSid']}/Media/{sid}" in form["MediaUrl0"]
        assert form["MediaUrl2"] == "https://x/y"
        assert (await client.get(form["MediaUrl0"], auth=("", ""))).status_code == 401
        local = form["MediaUrl0"].replace("twilio.test", "127.0.0.1:8090")
        redirect = await client.get(local)
        assert redirect.status_code == 307
        assert redirect.headers["location"].startswith("http://localhost:8090/_media/")
        content = await client.get(redirect.headers["location"], auth=("", ""))
        assert (content.content, content.headers["content-type"]) == (b"\x89PNG", "image/png")

    run(steps, application)


def test_waiting_ends_as_soon_as_a_message_is_there() -> None:
    async def steps(client: httpx.AsyncClient, app: SimulatedTwilio) -> list[dict[str, Any]]:
        waiting = asyncio.create_task(shown(client, f"?to={PERSON}&wait=10"))
        await asyncio.sleep(0.01)
        await text(client, "hi")
        await send(client)
        return await asyncio.wait_for(waiting, 2)

    assert [message["body"] for message in run(steps)] == ["hola"]


def test_wait_ends_when_the_client_leaves() -> None:
    async def steps(client: httpx.AsyncClient, app: SimulatedTwilio) -> list[Any]:
        arriving: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        arriving.put_nowait({"type": "http.request", "body": b""})
        sent: list[Any] = []

        async def keep(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": "/_sim/messages", "query_string": b"wait=50", "headers": []}
        serving = asyncio.create_task(app(scope, arriving.get, keep))
        await asyncio.sleep(0.01)
        arriving.put_nowait({"type": "http.disconnect"})
        await asyncio.wait_for(serving, 2)
        return sent

    assert run(steps) == []


def test_messages_since_and_wait_without_news() -> None:
    async def steps(client: httpx.AsyncClient, app: SimulatedTwilio) -> None:
        await text(client, "one")
        last = (await client.get("/_sim/messages")).json()["last"]
        await text(client, "two")
        assert [m["body"] for m in await shown(client, f"?since={last}")] == ["two"]
        assert await shown(client, f"?since={last + 1}&wait=0.01") == []
        assert (await client.get("/_sim/messages?since=x")).status_code == 400

    run(steps)


@pytest.mark.parametrize(
    "wish", [{}, {"from": ""}, {"from": PERSON, "channel": "fax"}, {"from": PERSON, "count": "x"},
             {"from": PERSON, "fields": 5}, {"from": PERSON, "media": ["x"]},
             {"from": PERSON, "media": [{"data": "*"}]}],
)  # fmt: skip
def test_wish_that_makes_no_sense_is_a_400(wish: dict[str, Any]) -> None:
    assert run(lambda client, app: client.post("/_sim/messages", json=wish)).status_code == 400
    assert run(lambda client, app: client.post("/_sim/messages", content="[")).status_code == 400


def test_conversation_and_opt_outs_survive_a_restart_in_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "state" / "twilio.json"

    async def first(client: httpx.AsyncClient, app: SimulatedTwilio) -> None:
        await send(client)
        await text(client, "STOP")

    async def second(client: httpx.AsyncClient, app: SimulatedTwilio) -> tuple[Any, httpx.Response]:
        return await shown(client), await send(client)

    run(first, state_file=path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    messages, refused = run(second, state_file=path)
    assert [message["body"][:4] for message in messages] == ["hola", "STOP", "You "]
    assert refused.json()["code"] == 21610


def test_state_that_cannot_be_read_is_started_afresh(tmp_path: Path) -> None:
    path = tmp_path / "twilio.json"
    path.write_text("{")
    assert run(lambda client, app: shown(client), state_file=path) == []


def test_delete_forgets_messages_opt_outs_and_faults() -> None:
    async def steps(client: httpx.AsyncClient, app: SimulatedTwilio) -> None:
        await text(client, "STOP")
        await client.post("/_sim/faults", json={"kind": "500", "times": 5})
        assert (await client.delete("/_sim/messages")).status_code == 204
        assert await shown(client) == []
        assert (await send(client)).status_code == 201

    run(steps)


def test_store_is_bounded() -> None:
    async def steps(client: httpx.AsyncClient, app: SimulatedTwilio) -> list[dict[str, Any]]:
        for number in range(2005):
            app.store.add(
                sid=f"SM{number}", direction="inbound", sender=PERSON, recipient=DESK, body="", status="received"
            )
        return await shown(client)

    messages = run(steps)
    assert (len(messages), messages[0]["seq"]) == (2000, 6)


def test_log_has_no_text_and_no_number(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="infra.local")
    run(lambda client, app: text(client, "a secret text"))
    own = [record.getMessage() for record in caplog.records if record.name.startswith("infra")]
    assert own
    assert not any("secret" in line or "600100" in line for line in own)


@pytest.mark.parametrize(("address", "expected"), [("+12025550100", "US"), ("whatsapp:+380501112233", "UA"), ("x", "")])
def test_country(address: str, expected: str) -> None:
    assert country(address) == expected


def test_keyword_is_the_whole_body() -> None:
    assert [keyword(body) for body in ("help", "yes", "End", "no")] == ["HELP", "START", "STOP", ""]


def test_secrets_are_not_in_the_settings_text() -> None:
    assert TOKEN not in repr(Settings(SID, (TOKEN,), WEBHOOK, DESK, {"SK": "geheim"})).replace("auth_tokens", "")
    assert "geheim" not in json.dumps(repr(Settings(SID, (TOKEN,), WEBHOOK, DESK, {"SK": "geheim"})))


def test_reset_breaks_off_before_the_announced_length() -> None:
    async def steps(client: httpx.AsyncClient, app: SimulatedTwilio) -> list[dict[str, Any]]:
        await client.post("/_sim/faults", json={"kind": "reset", "accept": True})
        sign_in = base64.b64encode(f"{SID}:{TOKEN}".encode())
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": f"From={DESK}&To={PERSON}&Body=x".replace("+", "%2B").encode()}

        async def keep(message: Any) -> None:
            sent.append(message)

        headers = [(b"authorization", b"Basic " + sign_in)]
        await app({"type": "http", "method": "POST", "path": MESSAGES, "headers": headers}, receive, keep)
        assert len(await shown(client)) == 1
        return sent

    start, body = run(steps)
    assert (start["headers"], body["more_body"]) == ([(b"content-length", b"1000")], True)


# --- callbacks that fail, and what the reconciler asks ------------------------------------------------------------

OVERRIDDEN = "http://app.test/local/twilio/status?message=SM1-0#rc=3&rp=all"


@pytest.mark.parametrize(
    ("answers", "posts"),
    [
        ([httpx.Response(200)], 1),
        ([httpx.Response(503), httpx.Response(404), httpx.ConnectError("no"), httpx.Response(200)], 4),
        ([httpx.Response(503)] * 9, 4),
        ([httpx.ReadTimeout("slow"), httpx.Response(200)], 2),
    ],
)
def test_callback_url_is_posted_and_signed_without_its_fragment(answers: list[Any], posts: int) -> None:
    application = Application(*answers)

    async def steps(client: httpx.AsyncClient, app: SimulatedTwilio) -> None:
        await client.post("/_sim/callbacks", json={"order": ["sent"]})
        await send(client, StatusCallback=OVERRIDDEN)

    run(steps, application)
    url = OVERRIDDEN.partition("#")[0]
    assert [str(post.url) for post in application.posts] == [url] * posts
    signed = {post.headers["x-twilio-signature"] for post in application.posts}
    assert len(signed) == 1
    assert RequestValidator(TOKEN).validate(url, application.forms()[0], signed.pop())
    assert len({post.headers["i-twilio-idempotency-token"] for post in application.posts}) == 1


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        ("", Overrides(5, 15, 15, 1, frozenset({"ct"}))),
        ("#rc=9&ct=20&rt=99999&tt=3000", Overrides(0.1, 15, 3, 5, frozenset({"ct"}))),
        ("#rc=x&ct=-1&rp=4xx,rt", Overrides(5, 15, 15, 1, frozenset({"4xx", "rt"}))),
    ],
)
def test_overrides_keep_to_twilios_limits(fragment: str, expected: Overrides) -> None:
    assert overrides(f"http://app.test/{fragment}") == expected


def test_retries_end_with_the_total_time() -> None:
    class Slow(Application):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            time.sleep(0.06)
            return super().__call__(request)

    application = Slow(*[httpx.Response(503)] * 9)
    result = run(lambda c, app: text(c, "hi"), application, webhook_url=f"{WEBHOOK}#rc=5&rp=all&tt=100")
    assert result["deliveries"][0]["attempts"] == 2


@pytest.mark.parametrize(
    ("lose", "told"), [(True, []), (["delivered"], ["queued", "sent"]), ([], ["queued", "sent", "delivered"])]
)
def test_lost_callbacks_leave_the_message_to_be_asked_for(lose: Any, told: list[str]) -> None:
    application = Application()

    async def steps(client: httpx.AsyncClient, app: SimulatedTwilio) -> dict[str, Any]:
        await client.post("/_sim/callbacks", json={"lose": lose})
        sid = (await send(client, StatusCallback=CALLBACK)).json()["sid"]
        await app.delivery.settle()
        return dict((await client.get(MESSAGES.replace(".json", f"/{sid}.json"))).json())

    message = run(steps, application)
    assert [form["MessageStatus"] for form in application.forms()] == told
    assert (message["status"], message["error_code"], message["error_message"]) == ("delivered", None, None)
    assert (message["to"], message["from"]) == (PERSON, DESK)
    assert parsedate_to_datetime(message["date_updated"]) >= parsedate_to_datetime(message["date_created"])


def test_failure_is_shown_with_its_code_and_meaning() -> None:
    async def steps(client: httpx.AsyncClient, app: SimulatedTwilio) -> dict[str, Any]:
        await client.post("/_sim/callbacks", json={"fail": 30003, "lose": True})
        sid = (await send(client, StatusCallback=CALLBACK)).json()["sid"]
        await app.delivery.settle()
        return dict((await client.get(MESSAGES.replace(".json", f"/{sid}.json"))).json())

    message = run(steps)
    shown = (message["status"], message["error_code"], message["error_message"])
    assert shown == ("undelivered", 30003, "Unreachable destination handset")


@pytest.mark.parametrize("wish", [{"delay": "x"}, {"fail": "x"}, {"lose": 5}, {"order": 5}])
def test_plan_that_makes_no_sense_is_a_400(wish: dict[str, Any]) -> None:
    assert run(lambda client, app: client.post("/_sim/callbacks", json=wish)).status_code == 400


def test_plan_in_force_is_shown_as_it_was_set() -> None:
    async def steps(client: httpx.AsyncClient, app: SimulatedTwilio) -> list[Any]:
        await client.post("/_sim/callbacks", json={"delay": 2, "reverse": True, "lose": ["sent"]})
        told = (await client.get("/_sim/callbacks")).json()
        await client.delete("/_sim/callbacks")
        return [told, (await client.get("/_sim/callbacks")).json()]

    told, reset = run(steps)
    order = ["delivered", "sent", "queued"]
    assert told == {"delay": 2, "twice": False, "order": order, "fail": None, "lose": ["sent"]}
    assert reset == {"delay": 0, "twice": False, "order": order[::-1], "fail": None, "lose": []}


@pytest.mark.parametrize("url", ["status", "ftp://app.test/x", "http:///x"])
def test_callback_url_that_is_none_is_refused(url: str) -> None:
    answer = run(lambda client, app: send(client, StatusCallback=url))
    assert (answer.status_code, answer.json()["code"]) == (400, 21609)


# --- the handset ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("", "text/html"), ("handset.css", "text/css"), ("handset.js", "text/javascript"), ("icon.svg", "image/svg+xml")],
)
def test_handset_page_is_served_under_a_strict_policy(name: str, content_type: str) -> None:
    answer = run(lambda client, app: client.get(f"/handset/{name}", auth=("", "")))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(content_type)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';")
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_handset_page_needs_nothing_from_elsewhere_and_nothing_inline() -> None:
    html = (FOLDER / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=|https?://", html)
    names = set(re.findall(r'\b(?:src|href)="([\w.-]+)"', html))
    assert names == {"icon.svg", "handset.css", "handset.js"}
    for script in FOLDER.glob("*.js"):
        code = script.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|https?://", code)


@pytest.mark.parametrize(
    "path",
    ["/handset/other.js", "/handset/../pages.py", "/handset/%2e%2e/pages.py", "/handset/pages.py", "/handset/.."],
)
def test_handset_serves_only_its_own_files(path: str) -> None:
    assert run(lambda client, app: client.get(path)).status_code == 404


def test_handset_address_without_its_slash_leads_to_the_page() -> None:
    answer = run(lambda client, app: client.get("/handset"))
    assert (answer.status_code, answer.headers["location"]) == (308, "/handset/")


def test_one_phones_thread_is_followed_by_version() -> None:
    async def steps(client: httpx.AsyncClient, app: SimulatedTwilio) -> None:
        await text(client, "one")
        await client.post("/_sim/messages", json={"from": "+12025550199", "body": "of another phone"})
        await send(client)
        await app.delivery.settle()
        news = (await client.get("/_sim/messages", params={"with": PERSON})).json()
        assert [message["body"] for message in news["messages"]] == ["one", "hola"]
        assert (news["optedOut"], news["held"]) == (False, 2)
        assert [message["answered"] for message in news["messages"]] == [200, None]
        asking = {"with": PERSON, "after": news["version"]}
        assert (await client.get("/_sim/messages", params=asking)).json()["messages"] == []
        waiting = asyncio.create_task(client.get("/_sim/messages", params={**asking, "wait": 10}))
        await asyncio.sleep(0.01)
        await text(client, "STOP")
        first = (await asyncio.wait_for(waiting, 2)).json()["messages"][0]
        assert first["body"] == "STOP"
        await app.delivery.settle()
        later = (await client.get("/_sim/messages", params=asking)).json()
        assert [(each["body"][:4], each["carrier"]) for each in later["messages"]] == [("STOP", False), ("You ", True)]
        assert (later["optedOut"], later["held"]) == (True, 4)

    run(steps)


@pytest.mark.parametrize(
    ("answer", "answered", "code"),
    [(twiml(""), 200, None), (httpx.Response(503), 503, 11200), (httpx.ReadTimeout("x"), 0, 11200)],
)
def test_front_doors_answer_is_kept_with_the_message(answer: Any, answered: int, code: int | None) -> None:
    async def steps(client: httpx.AsyncClient, app: SimulatedTwilio) -> dict[str, Any]:
        await text(client, "hi")
        return (await shown(client))[0]

    message = run(steps, Application(answer))
    assert (message["answered"], message["error_code"]) == (answered, code)


def test_message_sent_again_stays_one_message() -> None:
    application = Application(httpx.Response(503))

    async def steps(client: httpx.AsyncClient, app: SimulatedTwilio) -> list[dict[str, Any]]:
        medium = (await client.post("/_sim/media", content=b"\xff\xd8", headers={"content-type": "image/jpeg"})).json()
        media = [{"mediaSid": medium["mediaSid"]}]
        first = await text(client, "hi", media=media)
        await text(client, "hi", media=media, sid=first["sid"])
        return await shown(client)

    messages = run(steps, application)
    assert [message["answered"] for message in messages] == [200]
    assert application.forms()[0] == application.forms()[1]


def test_picture_is_shown_to_the_handset_without_signing_in_and_as_nothing_but_a_picture() -> None:
    async def steps(client: httpx.AsyncClient, app: SimulatedTwilio) -> list[httpx.Response]:
        kinds = ("image/png", "text/html")
        made = [await client.post("/_sim/media", content=b"x", headers={"content-type": kind}) for kind in kinds]
        paths = [f"/_sim/media/{each.json()['mediaSid']}" for each in made]
        return [await client.get(path, auth=("", "")) for path in [*paths, "/_sim/media/MEnone"]]

    picture, page, none = run(steps)
    assert (picture.content, picture.headers["content-type"]) == (b"x", "image/png")
    assert page.headers["content-type"] == "application/octet-stream"
    assert {each.headers["content-security-policy"] for each in (picture, page)} == {"default-src 'none'; sandbox"}
    assert none.status_code == 404


def test_pages_of_other_sites_cannot_use_the_control_api() -> None:
    async def steps(client: httpx.AsyncClient, app: SimulatedTwilio) -> list[int]:
        body = json.dumps({"from": PERSON, "body": "hi"})
        sites = ("cross-site", "same-origin", "none")
        return [
            (await client.post("/_sim/messages", content=body, headers={"sec-fetch-site": site})).status_code
            for site in sites
        ]

    assert run(steps) == [403, 200, 200]


def test_account_tells_the_handset_its_number() -> None:
    answer = run(lambda client, app: client.get("/_sim/account", auth=("", "")))
    assert answer.json() == {"number": DESK, "carrierOptOut": True, "maxMediaBytes": 5 * 1024 * 1024}


def test_state_of_an_older_version_is_still_read(tmp_path: Path) -> None:
    path = tmp_path / "twilio.json"
    old = {"seq": 1, "sid": "SM1", "direction": "inbound", "sender": PERSON, "recipient": DESK, "body": "hola",
           "status": "received", "at": "2026-11-21T10:00:00.000+00:00", "media": [], "error_code": None,
           "messaging_service_sid": None}  # fmt: skip
    path.write_text(json.dumps({"next": 2, "messages": [old], "optedOut": []}))
    assert [message["body"] for message in run(lambda c, app: shown(c, f"?with={PERSON}"), state_file=path)] == ["hola"]
