"""Answers POST /images: hands out an upload, limited to one picture, its type, its size and ten minutes."""
