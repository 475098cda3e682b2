"""What the HTTP API takes and returns: the OpenAPI description is made of this."""

from dataclasses import replace
from typing import Annotated, Self

from pydantic import BaseModel, Field

from resumebert.inference.explaining import Explanation
from resumebert.inference.labeler import Prediction


class TextToLabel(BaseModel):
    """A résumé as text."""

    text: Annotated[str, Field(description="The whole text of the résumé.")]


class TextToExplain(TextToLabel):
    """A résumé, and the label to explain."""

    label: Annotated[str, Field(description="One of the labels of the model.")]


class Correction(TextToLabel):
    """What a person says that the labels of a résumé are."""

    name: Annotated[str, Field(description="Of the résumé, such as its file's.", max_length=1000)]
    labels: Annotated[list[str], Field(description="The right ones; none: none fits.")]
    suggested: Annotated[list[str], Field(description="Those that the model gave.")] = []
    who: Annotated[str, Field(description="Who says so.", min_length=1, max_length=200)]


class Window(BaseModel):
    """A part of the text that the model read at once."""

    start: Annotated[int, Field(description="Its first character in the text.")]
    end: Annotated[int, Field(description="The one after its last.")]
    probabilities: dict[str, float]


class Labelled(BaseModel):
    """The labels of a résumé, with what they follow from."""

    labels: Annotated[list[str], Field(description="Those that reach their threshold.")]
    probabilities: Annotated[
        dict[str, float], Field(description="Calibrated, between 0 and 1, of every label.")
    ]
    thresholds: Annotated[
        dict[str, float], Field(description="The probability from which on a label is given.")
    ]
    expected_errors: Annotated[
        float, Field(description="The share of the labels that is expected to be wrong or missed.")
    ]
    review: Annotated[
        bool | None,
        Field(
            description="Whether a person should look at it, for the labels of the others to keep "
            "what the model promises; null: it promises nothing."
        ),
    ]
    unlike_training: Annotated[
        list[str] | None,
        Field(
            description="In what the text is unlike those that the model was trained on: length, "
            "words, content; null: it is not known."
        ),
    ]
    text: Annotated[str, Field(description="As the model read it.")]
    windows: list[Window]
    notes: Annotated[list[str], Field(description="What is worth knowing of a file.")] = []

    @classmethod
    def of(cls, found: Prediction, notes: list[str]) -> Self:
        """Return a prediction as it is sent."""
        return cls.model_validate(found, from_attributes=True).model_copy(update={"notes": notes})


class Word(BaseModel):
    """A word, and what it changes."""

    word: str
    start: int
    end: int
    weight: Annotated[
        float, Field(description="By how much the label's logit falls if the word is masked.")
    ]


class Share(BaseModel):
    """A window, and its share of the label's score."""

    start: int
    end: int
    share: float


class Explained(BaseModel):
    """What in a text speaks for and against one label."""

    label: str
    probability: float
    threshold: float
    text: Annotated[str, Field(description="As the model read it: places are in it.")]
    windows: list[Share]
    words: Annotated[list[Word], Field(description="The strongest first.")]

    @classmethod
    def of(cls, found: Explanation, words: int = 20) -> Self:
        """Return an explanation as it is sent, with its strongest words."""
        strongest = replace(found, words=found.strongest(words))
        return cls.model_validate(strongest, from_attributes=True)


class About(BaseModel):
    """What the server labels with, and what it takes."""

    model: Annotated[str, Field(description="The end of its path.")]
    labels: list[str]
    thresholds: dict[str, float]
    megabytes: Annotated[int, Field(description="Of a file, at most.")]
    characters: Annotated[int, Field(description="Of a text, at most.")]
    files: Annotated[int, Field(description="That the page takes at once, at most.")]
    corrections: Annotated[bool, Field(description="Whether corrections are saved.")]


class Saved(BaseModel):
    """A correction is saved."""

    rows: Annotated[int, Field(description="That the file has now.")]


class Refused(BaseModel):
    """Why there is no answer."""

    detail: Annotated[str, Field(description="What is wrong, and what to do.")]
