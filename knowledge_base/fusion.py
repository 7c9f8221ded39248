"""From measures to probabilities: a softmax over the candidates and "none of them".

score(entry) = network(features), score(none) = network(query features); the probability of an entry is its share of the
exponentials. Trained by maximum likelihood on questions with and without an answer in the base, it is calibrated by
construction, and a rival takes away exactly what it deserves. Small enough to be evaluated with numpy.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge_base.features import ENTRY_FEATURES, QUERY_FEATURES

FORMAT = 1
SHIPPED = Path(__file__).resolve().parent.parent / "models" / "finder" / "calibration.json"
Array = NDArray[np.float32]


class CalibrationError(Exception):
    """The calibration {file} cannot be used: {why}."""


@dataclass(frozen=True)
class Network:
    """A linear map, or two with tanh between: inputs [n, in] -> scores [n]. Inputs are standardised first."""

    mean: Array
    scale: Array
    layers: tuple[tuple[Array, Array], ...]  # (weights [in, out], bias [out])

    def __call__(self, inputs: Array) -> Array:
        """Scores [n] of inputs [n, in]."""
        values = (inputs - self.mean) / self.scale
        for weights, bias in self.layers[:-1]:
            values = np.tanh(values @ weights + bias)
        weights, bias = self.layers[-1]
        return np.asarray((values @ weights + bias)[:, 0], np.float32)

    def to_json(self) -> dict[str, Any]:
        """Plain lists, rounded where float32 has no more to say."""
        layers = [{"weights": _plain(weights), "bias": _plain(bias)} for weights, bias in self.layers]
        return {"mean": _plain(self.mean), "scale": _plain(self.scale), "layers": layers}

    @classmethod
    def from_json(cls, document: dict[str, Any], inputs: int) -> Network:
        """Rebuild; raises ValueError where the shapes do not fit `inputs` columns."""
        mean, scale = np.array(document["mean"], np.float32), np.array(document["scale"], np.float32)
        layers = tuple(
            (np.array(layer["weights"], np.float32), np.array(layer["bias"], np.float32))
            for layer in document["layers"]
        )
        width = inputs
        for weights, bias in layers:
            if weights.ndim != 2 or weights.shape[0] != width or bias.shape != weights.shape[1:]:
                raise ValueError(f"a layer of shape {weights.shape} after {width} columns")
            width = weights.shape[1]
        if mean.shape != (inputs,) or scale.shape != (inputs,) or width != 1 or not (scale > 0).all():
            raise ValueError(f"{len(mean)} means and {width} outputs for {inputs} columns")
        return cls(mean, scale, layers)


@dataclass(frozen=True)
class Thresholds:
    """When the finder answers, asks back or admits a miss.

    `answer`: least probability of the best candidate; `lead`: least lead over the second; `clarify`: least probability
    that one of the offered choices is right; `choice`: least probability of a choice worth showing; `same`: cosine
    from which a question says what a wording of the best entry says, and needs no probability; `vague`: probability
    that some entry answers from which a question is asked back about though no choice stands out (「退货」); `foreign`:
    cosine below which a question that shares no word with the best entry has nothing to do with the base.
    """

    answer: float = 0.6
    lead: float = 0.2
    clarify: float = 0.35
    choice: float = 0.02
    same: float = 0.9
    vague: float = 0.8
    foreign: float = 0.3


@dataclass(frozen=True)
class Calibration:
    """A fitted fusion with its thresholds; `encoder` is the digest of the encoder it was fitted with."""

    entry: Network
    none: Network
    thresholds: Thresholds = field(default_factory=Thresholds)
    encoder: str = ""
    notes: dict[str, Any] = field(default_factory=dict)

    def probabilities(self, features: Array, query: Array) -> Array:
        """Probability [c] that each candidate answers the query; what is left to 1 is that none does."""
        scores = np.append(self.entry(features), self.none(query[None])).astype(np.float64)
        exponentials = np.exp(scores - scores.max())
        return np.asarray(exponentials[:-1] / exponentials.sum(), np.float32)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of everything that decides."""
        document = self.to_json() | {"notes": {}}
        return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """The document of `load`."""
        return {
            "format": FORMAT,
            "encoder": self.encoder,
            "entry_features": list(ENTRY_FEATURES),
            "query_features": list(QUERY_FEATURES),
            "entry": self.entry.to_json(),
            "none": self.none.to_json(),
            "thresholds": vars(self.thresholds),
            "notes": self.notes,
        }

    def save(self, path: Path) -> None:
        """Write the calibration as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.to_json(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def load_calibration(path: Path = SHIPPED) -> Calibration:
    """Read a fitted calibration; raises CalibrationError naming the file and what is wrong."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["format"] != FORMAT:
            raise ValueError(f"format {document['format']}, this version reads {FORMAT}; run jiehua kb calibrate")
        names = tuple(document["entry_features"]), tuple(document["query_features"])
        if names != (ENTRY_FEATURES, QUERY_FEATURES):
            raise ValueError("it was fitted on other measures; run jiehua kb calibrate")
        return Calibration(
            Network.from_json(document["entry"], len(ENTRY_FEATURES)),
            Network.from_json(document["none"], len(QUERY_FEATURES)),
            Thresholds(**{key: float(value) for key, value in document["thresholds"].items()}),
            str(document["encoder"]),
            dict(document.get("notes", {})),
        )
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise CalibrationError(f"the calibration {path} cannot be used: {error}") from error


def rule_of_thumb() -> Calibration:
    """Weights set by hand, for an encoder that nothing was fitted for: usable, not calibrated."""
    by_entry = {"best_wording": 8.0, "mean_wording": 6.0, "answer": 3.0, "words_whole": 6.0, "pairs_asked": 4.0}
    by_query = {"field": 10.0, "unknown_words": 2.0}
    return Calibration(
        _linear(ENTRY_FEATURES, by_entry, 0.0), _linear(QUERY_FEATURES, by_query, 6.0), notes={"fitted": False}
    )


def _linear(names: tuple[str, ...], weights: dict[str, float], bias: float) -> Network:
    column = np.array([[weights.get(name, 0.0)] for name in names], np.float32)
    ones = np.ones(len(names), np.float32)
    return Network(0 * ones, ones, ((column, np.array([bias], np.float32)),))


def _plain(values: Array) -> Any:
    return [_plain(row) for row in values] if values.ndim > 1 else [float(f"{value:.7g}") for value in values]
