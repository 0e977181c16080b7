"""Photos by MMS and by upload: fetched, recognised, read, translated, reported and answered, with real models."""

from __future__ import annotations

import base64
import io
from typing import Any

import httpx
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.integration.stack import Running, until
from tests.unit.local.vision import photos

JPEG = "image/jpeg"


def sign(*lines: str) -> bytes:
    """A picture of a street sign, as JPEG."""
    picture = Image.new("RGB", (900, 140 + 110 * len(lines)), "white")
    drawing = ImageDraw.Draw(picture)
    drawing.rectangle((20, 20, 880, picture.height - 20), outline="navy", width=10)
    for number, line in enumerate(lines):
        drawing.text((70, 70 + 110 * number), line, fill="black", font=ImageFont.load_default(72))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=92)
    return file.getvalue()


def send(stack: Running, sender: str, body: str, *media: tuple[str, bytes]) -> dict[str, Any]:
    """Texts with files attached, through the simulated Twilio, and returns the settled report."""
    files = [{"contentType": kind, "data": base64.b64encode(data).decode()} for kind, data in media]
    message = {"from": sender, "to": stack.settings.desk_number, "body": body, "media": files}
    answer = httpx.post(f"{stack.settings.twilio_url}/_sim/messages", json=message, timeout=60).json()
    assert answer["status"] == 200, answer
    return stack.report(answer["sid"], seconds=110)


def test_photo_of_a_sign_is_read_translated_and_answered_in_the_senders_language(stack: Running) -> None:
    sender = "+12025550160"
    stack.text(From=sender, Body="Bom dia, gostaria de marcar uma consulta para amanhã.")
    report = send(stack, sender, "", (JPEG, sign("The clinic is closed", "on Monday morning")))
    (picture,) = report["pictures"]
    assert picture["kind"] == "picture"
    assert picture["status"] == "recognised"
    assert "clinic is closed" in picture["text"].lower()
    assert picture["language"]["code"] == "en"
    translations = {each["language"]: each for each in picture["translations"]}
    assert "clínica" in translations["pt"]["text"].lower()
    assert "lunes" in translations["es"]["text"].lower()
    assert picture["lines"][0]["polygon"]
    assert picture["moderation"]["flagged"] is False
    assert "clínica" in report["reply"]["text"].lower()
    assert stack.sent(sender)[-1]["body"] == report["reply"]["text"]


def test_short_sign_in_spanish_is_translated_for_an_english_sender(stack: Running) -> None:
    picture = (JPEG, sign("Farmacia abierta", "de 9 a 20 horas"))
    report = send(stack, "+12025550165", "Good morning, what does this sign say?", picture)
    translations = {each["language"]: each for each in report["pictures"][0]["translations"]}
    assert translations["en"]["status"] == "translated"
    assert "open" in translations["en"]["text"].lower()
    assert translations["en"]["text"] in report["reply"]["text"]


@pytest.mark.parametrize(
    ("name", "label", "word"),
    [
        ("chelsea.png", "Cat", ""),
        ("coffee.png", "Coffee", ""),
        ("motorcycle_left.png", "Motorcycle", ""),
        ("astronaut.png", "Person", ""),
        ("grace_hopper.jpg", "Person", "HOPPER"),
        ("page.png", "", "segmentation"),
    ],
)
def test_real_photograph_is_recognised_for_what_is_in_it(stack: Running, name: str, label: str, word: str) -> None:
    photograph = (photos.complete() / name).read_bytes()
    kind = JPEG if name.endswith(".jpg") else "image/png"
    (picture,) = send(stack, "+12025550161", "What do you see in my picture?", (kind, photograph))["pictures"]
    assert picture["status"] == "recognised"
    assert not label or label in [each["name"] for each in picture["labels"]]
    assert word in picture["text"]


def test_photos_and_attachments_of_one_message_keep_their_order(stack: Running) -> None:
    card = b"BEGIN:VCARD\r\nVERSION:3.0\r\nEND:VCARD\r\n"
    html = b"<html><script>alert(1)</script></html>"
    media = ((JPEG, sign("Open")), ("text/vcard", card), (JPEG, html), ("image/png", b""))
    report = send(stack, "+12025550162", "Several things for you to look at", *media)
    first, second, third, fourth = report["pictures"]
    assert [each["index"] for each in report["pictures"]] == [0, 1, 2, 3]
    assert (first["kind"], first["status"]) == ("picture", "recognised")
    assert second["kind"] == "attachment"
    assert second["contentType"].startswith("text/vcard")
    assert second["note"]
    assert (third["kind"], third["status"]) == ("picture", "refused")
    assert third["reason"]
    assert fourth["kind"] == "failed" or fourth["status"] == "refused"
    assert report["reply"]["state"] == "sent"


def test_photo_from_a_telephone_keeps_no_position_and_stands_upright(stack: Running) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 30.0), 3: "E", 4: (2.0, 17.0, 40.0)})
    file = io.BytesIO()
    Image.new("RGB", (400, 200), "green").save(file, "JPEG", exif=exif)
    (picture,) = send(stack, "+12025550164", "Look at this please, all of you", (JPEG, file.getvalue()))["pictures"]
    image = stack.get(f"/images/{picture['imageId']}").json()
    kept = Image.open(io.BytesIO(httpx.get(image["links"]["image"], timeout=10).content))
    assert kept.size == (200, 400)
    assert not kept.getexif()
    assert "exif" not in kept.info


def test_photo_with_a_forged_address_is_not_fetched(stack: Running) -> None:
    fields = stack.fields(
        From="+12025550163", NumMedia="1", MediaUrl0="http://127.0.0.1:9/secret", MediaContentType0=JPEG, Body=""
    )
    assert stack.post(fields).status_code == 200
    (picture,) = stack.report(dict(fields)["MessageSid"])["pictures"]
    assert picture["kind"] == "failed"
    assert picture["error"] == "MediaForged"


def upload(stack: Running, data: bytes, content_type: str = JPEG) -> tuple[str, httpx.Response]:
    """Uploads as an integrator does; returns the picture's id and S3's answer."""
    headers = {"x-api-key": stack.settings.api_key()}
    answer = httpx.post(
        f"{stack.settings.gateway_url}/images", json={"contentType": content_type}, headers=headers, timeout=30
    )
    assert answer.status_code == 201, answer.text
    issued = answer.json()
    form = issued["upload"]
    return issued["imageId"], httpx.post(form["url"], data=form["fields"], files={"file": ("x", data)}, timeout=30)


def recorded(stack: Running, image_id: str) -> dict[str, Any]:
    """A picture's record, once it is there."""

    def ask() -> dict[str, Any] | None:
        answer = stack.get(f"/images/{image_id}")
        return answer.json() if answer.status_code == 200 else None

    return until(ask, seconds=60)


def test_uploaded_photo_is_recognised_listed_and_linked(stack: Running) -> None:
    image_id, stored = upload(stack, sign("Emergency exit"))
    assert stored.status_code in (200, 201, 204), stored.text
    image = recorded(stack, image_id)
    assert image["status"] == "recognised"
    assert "emergency exit" in image["text"].lower()
    for name, most in (("small", 160), ("large", 800), ("image", 4096)):
        linked = httpx.get(image["links"][name], timeout=10)
        assert linked.status_code == 200
        assert max(Image.open(io.BytesIO(linked.content)).size) <= most
    unsigned = image["links"]["small"].split("?")[0]
    assert httpx.get(unsigned, timeout=10).status_code == 403
    page = stack.get("/images", day=image["createdAt"][:10], limit=100).json()
    assert image_id in [each["imageId"] for each in page["images"]]


def test_upload_of_something_else_is_refused_by_its_content(stack: Running) -> None:
    image_id, stored = upload(stack, b"%PDF-1.7 not a picture")
    assert stored.status_code in (200, 201, 204)
    image = recorded(stack, image_id)
    assert image["status"] == "refused"
    assert image["reason"]


@pytest.mark.parametrize("body", [{}, {"contentType": "text/html"}, {"contentType": JPEG, "x": 1}, []])
def test_upload_with_a_wrong_question_is_a_problem(stack: Running, body: Any) -> None:
    headers = {"x-api-key": stack.settings.api_key()}
    answer = httpx.post(f"{stack.settings.gateway_url}/images", json=body, headers=headers, timeout=30)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("image_id", "status"), [("SM" + "0" * 32 + "-0", 404), ("nothing", 400)])
def test_image_that_is_not_there_is_a_problem(stack: Running, image_id: str, status: int) -> None:
    answer = stack.get(f"/images/{image_id}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_original_is_private(stack: Running) -> None:
    bucket = stack.outputs()["MediaBucketName"]
    url = f"http://127.0.0.1:{stack.settings.ports.aws}/{bucket}/uploads/anything"
    assert httpx.get(url, timeout=10).status_code in (403, 404)
    assert httpx.put(url, content=b"x", timeout=10).status_code == 403
