"""What this function refuses."""

from dragoman.errors import DragomanError


class InvalidQuestion(DragomanError):
    """A question's item has another shape than it should: no redelivery helps. The text quotes nothing."""

    metric = "QuestionsInvalid"
