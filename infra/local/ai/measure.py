"""`python -m infra.local.ai.measure --models DIR`: the figures of docs/local-ai.md, measured on this machine.

Prints, as Markdown, the milliseconds a message takes on each route (first call with loading, then the median of later
ones), the memory of the process with its pipelines, and every translation, to be judged by a reader.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from infra.local.ai.translator import Translator, all_engines

SPANISH: Final = (
    "¿Dónde está la clínica?",
    "Mi hijo tiene fiebre desde ayer.",
    "Necesito un médico ahora mismo",
    "¿A qué hora abren mañana?",
    "El autobús llega tarde, espérame por favor",
    "No tengo dinero para la medicina",
    "Gracias por su ayuda",
    "Hay un incendio en mi calle",
    "Perdí mi pasaporte ayer en la estación",
    "¿Puede llamarme esta tarde?",
    "Estoy embarazada y me duele la barriga",
    "El agua no funciona en nuestro edificio",
    "¿Cuánto cuesta la consulta?",
    "Mi madre se cayó y no puede caminar",
    "No entiendo la carta que me mandaron",
)
ENGLISH: Final = (
    "Where is the clinic?",
    "My son has had a fever since yesterday.",
    "I need a doctor right now",
    "What time do you open tomorrow?",
    "The bus is late, please wait for me",
    "I have no money for the medicine",
    "Thank you for your help",
    "There is a fire in my street",
    "I lost my passport yesterday at the station",
    "Can you call me this afternoon?",
    "I am pregnant and my belly hurts",
    "The water does not work in our building",
    "How much does the appointment cost?",
    "My mother fell and cannot walk",
    "I do not understand the letter you sent me",
)
PORTUGUESE: Final = (
    "Onde fica a clínica?",
    "Meu filho está com febre desde ontem.",
    "Preciso de um médico agora",
    "A que horas vocês abrem amanhã?",
    "O ônibus está atrasado, me espere por favor",
    "Não tenho dinheiro para o remédio",
    "Obrigado pela sua ajuda",
    "Há um incêndio na minha rua",
    "Perdi meu passaporte ontem na estação",
    "Pode me ligar hoje à tarde?",
    "Estou grávida e minha barriga dói",
    "A água não funciona no nosso prédio",
    "Quanto custa a consulta?",
    "Minha mãe caiu e não consegue andar",
    "Não entendo a carta que vocês me mandaram",
)
FRENCH: Final = (
    "Où est la clinique ?",
    "Mon fils a de la fièvre depuis hier.",
    "J'ai besoin d'un médecin maintenant",
    "À quelle heure ouvrez-vous demain ?",
    "Le bus est en retard, attendez-moi s'il vous plaît",
    "Je n'ai pas d'argent pour les médicaments",
    "Merci pour votre aide",
    "Il y a un incendie dans ma rue",
    "J'ai perdu mon passeport hier à la gare",
    "Pouvez-vous m'appeler cet après-midi ?",
    "Je suis enceinte et j'ai mal au ventre",
    "L'eau ne marche pas dans notre immeuble",
    "Combien coûte la consultation ?",
    "Ma mère est tombée et ne peut pas marcher",
    "Je ne comprends pas la lettre que vous m'avez envoyée",
)
CHINESE: Final = (
    "诊所在哪里？",
    "我儿子从昨天开始发烧。",
    "我现在就需要医生",
    "明天几点开门？",
    "公交车晚点了，请等我",
    "我没有钱买药",
    "谢谢你的帮助",
    "我的街上着火了",
    "昨天在车站丢了护照",
    "今天下午你能给我打电话吗？",
    "我怀孕了，肚子疼",
    "我们楼里停水了",
    "看病多少钱？",
    "我妈妈摔倒了，不能走路",
    "我看不懂你们寄给我的信",
)
ITALIAN: Final = (
    "Dov'è la clinica?",
    "Mio figlio ha la febbre da ieri.",
    "Ho bisogno di un medico adesso",
    "A che ora aprite domani?",
    "L'autobus è in ritardo, aspettami per favore",
    "Non ho soldi per le medicine",
    "Grazie per il vostro aiuto",
    "C'è un incendio nella mia strada",
    "Ho perso il passaporto ieri alla stazione",
    "Può chiamarmi questo pomeriggio?",
    "Sono incinta e mi fa male la pancia",
    "L'acqua non funziona nel nostro palazzo",
    "Quanto costa la visita?",
    "Mia madre è caduta e non può camminare",
    "Non capisco la lettera che mi avete mandato",
)
MESSAGES: Final[Mapping[tuple[str, str], tuple[str, ...]]] = MappingProxyType(
    {
        ("es", "en"): SPANISH,
        ("en", "es"): ENGLISH,
        ("pt", "en"): PORTUGUESE,
        ("en", "pt"): ENGLISH,
        ("fr", "en"): FRENCH,
        ("en", "fr"): ENGLISH,
        ("zh", "en"): CHINESE,
        ("zh", "es"): CHINESE,
        ("zh", "fr"): CHINESE,
        ("it", "en"): ITALIAN,
        ("en", "it"): ENGLISH,
        ("es", "fr"): SPANISH,
    }
)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; 0 always, unless there are no models."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.ai.measure", description=__doc__)
    parser.add_argument("--models", type=Path, required=True)
    translator = Translator(all_engines(parser.parse_args(arguments).models))
    if not translator.routes.table:
        print("there are no models", file=sys.stderr)
        return 1
    try:
        for pair, messages in MESSAGES.items():
            _measure(translator, pair, messages)
        process, pipelines = _memory()
        print(f"\nMemory: {process} MB in the process, {pipelines} MB in {len(_children())} pipeline programs")
    finally:
        translator.close()
    return 0


def _measure(translator: Translator, pair: tuple[str, str], messages: tuple[str, ...]) -> None:
    route = translator.routes.find(*pair)
    if route is None:
        print(f"\n### {pair[0]} to {pair[1]}: no route")
        return
    first = _milliseconds(translator, pair, messages[0])
    later = [_milliseconds(translator, pair, message) for message in messages]
    print(f"\n### {pair[0]} to {pair[1]}: {route}")
    print(f"first {first:.0f} ms, then median {statistics.median(later):.1f} ms, most {max(later):.0f} ms\n")
    for message in messages:
        translation = translator.translate(message, *pair)
        print(f"- {message} | {translation.text if translation else ''}")


def _milliseconds(translator: Translator, pair: tuple[str, str], message: str) -> float:
    start = time.perf_counter()
    translator.translate(message, *pair)
    return (time.perf_counter() - start) * 1000


def _memory() -> tuple[int, int]:
    """Megabytes of this process and of its children, each page counted once; 0 where there is no /proc."""
    return _pss("self"), sum(_pss(child) for child in _children())


def _children() -> list[str]:
    listed = Path(f"/proc/self/task/{os.getpid()}/children")
    return listed.read_text().split() if listed.exists() else []


def _pss(process: str) -> int:
    rollup = Path(f"/proc/{process}/smaps_rollup")
    lines = rollup.read_text().splitlines() if rollup.exists() else []
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) // 1024


if __name__ == "__main__":
    sys.exit(main())
