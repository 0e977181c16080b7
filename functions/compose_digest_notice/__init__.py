"""Composes what a subscriber is told of a digest: an e-mail with charts, or a short text."""
