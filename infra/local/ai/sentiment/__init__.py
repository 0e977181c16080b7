"""Amazon Comprehend's DetectSentiment and BatchDetectSentiment."""
