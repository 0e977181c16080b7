"""Answers GET /images/{imageId}: the record of a picture, with links to its files that are made for this answer."""
