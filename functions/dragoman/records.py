"""How table Images holds a record (schemas/image.json): texts as they are, sections as JSON text."""

from typing import Final

PLAIN: Final = ("schemaVersion", "imageId", "createdAt", "startedAt", "status", "origin", "messageId", "reason", "text")
SECTIONS: Final = (
    *("image", "original", "refused", "labels", "lines", "textCut", "language", "translations", "moderation"),
    *("thumbnails", "failures"),
)
