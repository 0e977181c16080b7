"""What operators call themselves, and where they are."""

import re
from typing import Final

from dragoman.texts import UNSEEN, WHITE_SPACE, repaired, shortened

MAX_NAME: Final = 60
DEFAULT_ROOM: Final = "desk"
LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def clean_name(name: str) -> str:
    """A name on one line, without marks that could turn what stands beside it around; empty when nothing is left."""
    return shortened(WHITE_SPACE.sub(" ", UNSEEN.sub(" ", repaired(name))).strip(), MAX_NAME)
