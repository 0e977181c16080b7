"""Finds out which question a message answers, and how: pure, without boto3."""
