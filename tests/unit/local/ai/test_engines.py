"""Engines and routes below the service: fakes where the rule is the point, real models where the model is."""

import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

from infra.local.ai.catalogue import BERGAMOT
from infra.local.ai.engines import apertium as apertium_module
from infra.local.ai.engines.apertium import MODES, Apertium, Pipeline, escape, mode_file, unescape
from infra.local.ai.engines.argos import sentences
from infra.local.ai.engines.base import EngineError, ModelThread, Pair
from infra.local.ai.engines.bergamot import Bergamot, careful
from infra.local.ai.engines.firefox import Firefox
from infra.local.ai.engines.neural import by_sentence, pieces
from infra.local.ai.routes import Routes


class Fake:
    """An engine that only has pairs."""

    def __init__(self, name: str, pairs: Mapping[Pair, float]) -> None:
        self.name = name
        self._pairs = pairs

    def pairs(self) -> Mapping[Pair, float]:
        return self._pairs

    def translate(self, text: str, source: str, target: str) -> str:
        return f"{text} {source}>{target}"

    def close(self) -> None:
        return


def way(routes: Routes, source: str, target: str) -> str:
    return str(routes.find(source, target))


def test_routes_prefer_the_better_engine_for_a_pair() -> None:
    routes = Routes([Fake("good", {("en", "es"): 0.9}), Fake("poor", {("en", "es"): 0.6})])
    assert way(routes, "en", "es") == "en>es good"


def test_routes_prefer_two_good_hops_to_one_poor_one() -> None:
    routes = Routes([Fake("e", {("en", "es"): 0.5, ("en", "pt"): 0.9, ("pt", "es"): 0.9})])
    assert way(routes, "en", "es") == "en>pt e, pt>es e"


def test_routes_prefer_the_shorter_of_two_as_good() -> None:
    routes = Routes([Fake("e", {("en", "es"): 0.81, ("en", "pt"): 0.9, ("pt", "es"): 0.9})])
    assert way(routes, "en", "es") == "en>es e"


def test_routes_take_three_hops_only_by_a_measured_way() -> None:
    hops = {("fr", "ca"): 0.9, ("ca", "pt"): 0.9, ("pt", "en"): 0.9, ("en", "xx"): 0.9}
    routes = Routes([Fake("e", hops)])
    assert way(routes, "fr", "en") == "fr>ca e, ca>pt e, pt>en e"
    assert routes.find("ca", "xx") is None
    assert routes.find("fr", "xx") is None


def test_routes_below_the_floor_are_no_routes() -> None:
    routes = Routes([Fake("e", {("en", "es"): 0.7, ("es", "fr"): 0.7, ("en", "de"): 0.49})])
    assert routes.find("en", "fr") is None
    assert routes.find("en", "de") is None
    assert routes.languages() == ["en", "es", "fr"]


@pytest.mark.parametrize("text", ["a [b] {c} ^d$ e/f \\ @g <h>", "Done.", "Done", "?", "x[]", "..."])
def test_escape_and_unescape_are_each_others_inverse(text: str) -> None:
    assert unescape(escape(text)) == text


def test_sentences_split_chinese_and_cut_what_is_overlong() -> None:
    assert sentences("你好。我在这里！ok?好") == ["你好。", "我在这里！", "ok?", "好"]
    long = "我们今天去医院，" * 40
    parts = sentences(long)
    assert "".join(parts) == long
    assert max(map(len, parts)) <= 120


def test_by_sentence_keeps_the_space_between_and_cuts_long_ones() -> None:
    assert (
        by_sentence(str.upper)("Hi.  How are you at 5 p.m. today? \tFine") == "HI.  HOW ARE YOU AT 5 P.M. TODAY? \tFINE"
    )
    seen: list[str] = []
    by_sentence(lambda piece: seen.append(piece) or piece)("Where is the clinic? At 5 p.m. today.")  # type: ignore[func-returns-value]
    assert seen == ["Where is the clinic?", "At 5 p.m. today."]
    long = pieces("word " * 200)
    assert " ".join(long) == "word " * 200
    assert max(map(len, long)) <= 300
    assert pieces("我" * 700) == ["我" * 300, "我" * 300, "我" * 100]


@pytest.mark.parametrize(
    ("sentence", "asked", "answer"),
    [
        ("thanks", "Thanks!", "THANKS"),
        ("Olá.", "Olá!", "OLÁ."),
        ("estou perdido!", "Estou perdido", "ESTOU PERDIDO!"),
        ("thank you", "Thanks!", "THANKS"),
        ("why?", "Why?", "WHY?"),
        ("where is the clinic.", "Where is the clinic.", "WHERE IS THE CLINIC."),
        ("...", "...", "..."),
    ],
)
def test_careful_asks_in_the_safest_form_and_puts_the_mark_back(sentence: str, asked: str, answer: str) -> None:
    seen: list[str] = []

    def model(text: str) -> str:
        seen.append(text)
        return text.upper()

    assert careful(sentence, model) == answer
    assert seen == [asked]


def test_model_thread_loads_once_and_on_its_own_thread() -> None:
    loads: list[int] = []
    thread = ModelThread("test", lambda: loads.append(1) or str.upper)  # type: ignore[func-returns-value]
    assert [thread("a"), thread("b")] == ["A", "B"]
    assert loads == [1]
    thread.close()


@pytest.mark.slow
def test_bergamot_refuses_a_damaged_file(models: Path, tmp_path: Path) -> None:
    files = BERGAMOT["en", "pt"]
    for path in files.paths():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(models / path, tmp_path / path)
    with (tmp_path / files.model.path).open("r+b") as stream:
        stream.seek(1000)
        stream.write(b"damaged")
    engine = Bergamot(tmp_path)
    assert set(engine.pairs()) == {("en", "pt")}
    with pytest.raises(EngineError, match=r"model\.bin is damaged"):
        engine.translate("Hello", "en", "pt")
    engine.close()


@pytest.mark.slow
def test_firefox_loads_a_cached_model_and_passes_over_a_broken_download(models: Path, tmp_path: Path) -> None:
    cached = tmp_path / "firefox" / "en-pt"
    cached.mkdir(parents=True)
    (tmp_path / "firefox" / "en-de").mkdir()
    files = BERGAMOT["en", "pt"]
    for file, name in (
        (files.model, "model.enpt.bin"),
        (files.vocabulary, "vocab.enpt.spm"),
        (files.shortlist, "lex.bin"),
    ):
        shutil.copy(models / file.path, cached / name)
    engine = Firefox(tmp_path)
    assert set(engine.pairs()) == {("en", "pt")}
    assert engine.translate("Where is the clinic?", "en", "pt") == "Onde está a clínica?"
    engine.close()


def test_engines_without_files_offer_nothing(tmp_path: Path) -> None:
    apertium = Apertium(tmp_path, system=None)
    for engine in (Bergamot(tmp_path), Firefox(tmp_path), apertium):
        assert not engine.pairs()
        engine.close()


@pytest.mark.slow
@pytest.mark.usefixtures("apertium")
class TestApertium:
    """The real programs."""

    @pytest.fixture
    def engine(self, models: Path) -> Apertium:
        return Apertium(models)

    def test_every_direction_translates_a_word(self, engine: Apertium) -> None:
        words = {"es": "casa", "pt": "casa", "ca": "casa", "en": "house", "fr": "maison", "it": "casa", "ro": "casa"}
        translated = {pair: engine.translate(words[pair[0]], *pair) for pair in engine.pairs()}
        engine.close()
        assert len(translated) == len(MODES)
        assert all(translated.values())

    def test_pipeline_that_was_killed_is_started_again(self, models: Path) -> None:
        root = next(root for root in (models / "apertium", Path("/")) if mode_file(root, MODES["es", "pt"]).is_file())
        pipeline = Pipeline(root, MODES["es", "pt"])
        assert pipeline("casa") == "casa"
        os.kill(pipeline._processes[2].pid, signal.SIGKILL)
        assert pipeline("la clínica") == "a clínica"
        pipeline.close()

    def test_pipeline_idle_too_long_is_ended_and_started_again(self, models: Path) -> None:
        root = next(root for root in (models / "apertium", Path("/")) if mode_file(root, MODES["es", "pt"]).is_file())
        pipeline = Pipeline(root, MODES["es", "pt"])
        pipeline("casa")
        pipeline.retire(3600)
        running = pipeline._processes
        assert running
        pipeline.retire(-1)
        assert not pipeline._processes
        assert all(process.returncode is not None for process in running)
        assert pipeline("casa") == "casa"
        pipeline.close()


def test_pipeline_that_cannot_start_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mode = MODES["es", "pt"]
    file = mode_file(tmp_path, mode)
    file.parent.mkdir(parents=True)
    file.write_text("no-such-program '/usr/share/apertium/x.bin'")
    with pytest.raises(EngineError, match="es-pt_BR"):
        Pipeline(tmp_path, mode)("casa")
    file.write_text("cat | sleep 30")
    monkeypatch.setattr(apertium_module, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(apertium_module, "stages", lambda _root, _mode: [["cat"], ["sleep", "30"]])
    with pytest.raises(EngineError, match="no answer"):
        Pipeline(tmp_path, mode)("casa")
