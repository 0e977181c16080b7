"""The local Amazon Translate and Amazon Comprehend: AWS's wire protocol, real models, a process of its own."""
