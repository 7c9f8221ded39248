"""The recipe of the shipped sentence encoder; `docs/subsystems/encoder.md` says why each stage is there.

1. pieces: what Chinese customers use of the teacher's vocabulary;
2. targets: multilingual-e5-small's vectors of conversation sentences and of wordings of training questions, kept in
   the work folder by text;
3. encoder: the teacher's lowest layers, trained jointly on distillation and on the hand-written questions;
4. blend: the directions that join its vectors and those of the table of words (`knowledge_base/blend.py`);
5. artefact: a sentence-transformers folder with its manifest.

The held-out questions and the unseen domain stay out of every stage, also of the model that ships: so its figures are
its own, and the finder is calibrated on questions that it never saw.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, field
from pathlib import Path

from knowledge_base.blend import Blend
from language.normalise import NORMALISER_VERSION, normalise
from language.static_encoder import StaticEncoder
from training import contextual, corpora, pieces
from training.artefact import write_sentences
from training.measure import measure
from training.noise import Misspeller
from training.sentiment import line_folder as emotion_folder
from training.split import split_questions
from training.targets import centred, choose_sentences, data_digests, question_folder, teacher_vectors

WORDS = Path(__file__).parents[1] / "models" / "words"

log = logging.getLogger(__name__)

#: Raised when the recipe changes what it makes.
RECIPE = "e5-lower-layers-4"


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the result besides the data.

    `pieces` of the vocabulary are kept, texts are cut at `longest` of them. `asking` and `telling` are how many
    conversation sentences that ask, and that do not, are distilled beside the wordings of the training questions.
    `share` is the encoder's part of a blended cosine, the rest is the table's.
    """

    pieces: int = 16_000
    longest: int = 64
    share: float = 0.5
    asking: int = 12_000
    telling: int = 10_000
    training: contextual.Settings = field(default_factory=contextual.Settings)
    threads: int = 1
    seed: int = 1


def main(data_dir: Path, out_dir: Path, work_dir: Path) -> None:
    """Train the model that ships."""
    train(data_dir, out_dir, work_dir)


def train(data_dir: Path, out_dir: Path, work_dir: Path, recipe: Recipe | None = None) -> dict[str, object]:
    """Run the recipe; returns the manifest."""
    import torch

    from training.teacher import PackedModel, packaged_weights

    recipe = recipe or Recipe()
    torch.set_num_threads(recipe.threads)
    work_dir.mkdir(parents=True, exist_ok=True)
    questions = corpora.questions(question_folder(data_dir))
    split = split_questions(questions)
    conversation = corpora.conversation(data_dir)
    texts = conversation + [t for q in questions for t in (*q.wordings, *q.near_misses)]
    texts += [normalise(line.text) for line in corpora.emotion_lines(emotion_folder(data_dir))]

    packed = PackedModel.read(packaged_weights())
    sentences = choose_sentences(
        conversation, split.train, asking=recipe.asking, telling=recipe.telling, seed=recipe.seed
    )
    (vectors,) = teacher_vectors(work_dir, {"sentences": sentences})
    cut = pieces.choose(packed, texts, recipe.pieces, recipe.longest)
    model = contextual.Contextual(packed, cut, recipe.training.layers)
    scores = {"start": measure(model.encode, questions, split, data_dir)}
    log.info("start %s", scores["start"])
    contextual.train(
        model, sentences, centred(vectors), split.train, Misspeller(data_dir, rate=0.04), recipe.training,
        lambda step, losses: log.info("step %d %s", step, losses),
    )  # fmt: skip
    scores["trained"] = measure(model.encode, questions, split, data_dir)
    log.info("trained %s", scores["trained"])
    words = StaticEncoder.load(WORDS)
    blend = Blend.fit(words.encode(sentences), model.encode(sentences), share=recipe.share, dimension=packed.hidden)
    scores["blended"] = measure(
        lambda texts: blend(words.encode(texts), model.encode(texts)), questions, split, data_dir
    )
    log.info("blended %s", scores["blended"])
    manifest: dict[str, object] = {
        "name": "jiehua-encoder",
        "recipe": RECIPE,
        "settings": asdict(recipe),
        "dimension": packed.hidden,
        "pieces": len(cut.kept),
        "normaliser_version": NORMALISER_VERSION,
        "licence": "CC-BY-SA-4.0",
        "data": {"questions": len(split.train), "sentences": len(sentences), "digests": data_digests(data_dir)},
        "scores": scores,
    }
    write_sentences(out_dir, model, manifest)
    blend.save(out_dir)
    return manifest
