"""Amazon Rekognition's DetectLabels, DetectText and DetectModerationLabels, answered by models on this machine."""
