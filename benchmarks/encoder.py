"""How good and how fast the encoder is: 16 bits, 8 bits and as a Keras model, beside color and beside its teacher.

    python benchmarks/encoder.py [--images FOLDER] [--teacher FILE.keras] [--unseen LABELS] [--never LABELS]
                                 [--out FILE] [--json]

--images is a folder with one folder per label; by default `caltech-dev` in LIKENESS_DATA. Every photograph is a query
against all others. Figures are given over all queries; over those of classes held out in training; of these, over
classes that no other source of photographs showed it either; and over the classes it saw. Times are of one image on
one thread, the least of many.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks.machine import command_line, describe_machine
from search.evaluation.metrics import average_precision
from search.methods.base import Method
from search.methods.color import Color
from search.methods.deep import Deep, fit
from search.methods.model_files import BUILT_IN
from search.training.export.edge import Judged, export_edge_model, input_side
from search.types import RGBImage, Vectors

UNSEEN = (
    "airplanes,binocular,cannon,cougar_face,dalmatian,euphonium,garfield,helicopter,lamp,menorah,okapi,revolver,"
    "scorpion,stop_sign,water_lilly"
)
"""Classes of Caltech-101 that were held out when the built-in encoder was trained."""
NEVER = "euphonium,garfield,helicopter,menorah,okapi,water_lilly"
"""Those of them that no other source of its photographs shows either, under whatever name."""
TIMED = 60
DEVELOPMENT = Path(os.environ.get("LIKENESS_DATA", "nowhere"))


def load_photographs(folder: Path) -> tuple[list[RGBImage], NDArray[np.str_]]:
    """Return the photographs below a folder and the folder of each."""
    paths = sorted(path for path in folder.glob("*/*") if path.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp"})
    images = []
    for path in paths:
        with Image.open(path) as picture:
            images.append(np.asarray(picture.convert("RGB")))
    return images, np.array([path.parent.name for path in paths])


def precisions(vectors: Vectors, labels: NDArray[np.str_]) -> NDArray[np.float64]:
    """Return the average precision of each photograph as a query against all others."""
    scores = np.asarray(vectors @ vectors.T, np.float64)
    found = []
    for row, values in enumerate(scores):
        order = np.argsort(-values, kind="stable")
        found.append(average_precision(labels[order[order != row]] == labels[row]))
    return np.array(found)


def split(found: NDArray[np.float64], groups: Mapping[str, NDArray[np.bool_]]) -> dict[str, float]:
    """Return mAP over the queries of each group that has any."""
    return {name: round(float(found[chosen].mean()), 4) for name, chosen in groups.items() if chosen.any()}


def least_ms(work: Callable[[], object]) -> float:
    """Return the least wall milliseconds of many calls: what else the machine does only ever adds."""
    spent = []
    for _repeat in range(TIMED):
        began = time.perf_counter()
        work()
        spent.append(time.perf_counter() - began)
    return round(min(spent) * 1e3, 2)


def measure_keras(side: int) -> float:
    """Time the network in Keras on TensorFlow, one image at a time; its weights do not change the time."""
    import keras
    import tensorflow as tf

    from search.training.network import build

    keras.backend.clear_session()
    model = build()
    graph = tf.function(lambda pixels: model(pixels, training=False)[0], autograph=False)
    pixels = tf.zeros((1, side, side, 3))
    return least_ms(lambda: graph(pixels).numpy())


def quantize(images: Sequence[RGBImage], side: int, path: Path) -> None:
    """Write the encoder of 8 bits, its ranges set by every fourth photograph."""
    pictures = np.stack([fit(image, side, side) for image in images])
    # Judged by others than set the ranges.
    export_edge_model(BUILT_IN, path, pictures[::4], Judged(pictures[1::4], np.array([""] * len(pictures[1::4]))))


def measure(
    images: list[RGBImage], labels: NDArray[np.str_], groups: Mapping[str, NDArray[np.bool_]], teacher: Path | None
) -> dict[str, Any]:
    side = input_side(BUILT_IN)
    typical = max(images, key=np.size)
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "encoder-int8.tflite"
        quantize(images, side, small)
        methods: dict[str, Method] = {"encoder": Deep(), "encoder_int8": Deep({"weights": small}), "color": Color()}
        if teacher is not None:
            methods["teacher"] = Deep({"weights": teacher})
        quality = {name: split(precisions(method.describe(images), labels), groups) for name, method in methods.items()}
        times = {name: least_ms(lambda method=method: method.describe([typical])) for name, method in methods.items()}
        file = {
            "version": methods["encoder"].version,
            "side": side,
            "numbers": methods["encoder"].dim,
            "bytes": BUILT_IN.stat().st_size,
            "bytes_int8": small.stat().st_size,
        }
    return {
        "file": file,
        "map": quality,
        "times_color": {name: round(value / quality["color"][name], 2) for name, value in quality["encoder"].items()},
        "describe_ms": times | {"encoder_in_keras_without_fitting": measure_keras(side)},
    }


def print_table(document: Mapping[str, Any]) -> None:
    print(f"{'':<16}{'mAP':>8}{'unseen':>8}{'never':>8}{'seen':>8}{'ms':>8}")
    for name, figures in document["map"].items():
        numbers = "".join(f"{figures.get(part, float('nan')):>8.3f}" for part in ("all", "unseen", "never", "seen"))
        print(f"{name:<16}{numbers}{document['describe_ms'][name]:>8.2f}")


def main() -> None:
    development = DEVELOPMENT / "caltech-dev"
    pretrained = DEVELOPMENT.parent / "models" / "mobilenet_imagenet_block12.keras"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, default=development, metavar="FOLDER", help="one folder per label")
    parser.add_argument("--teacher", type=Path, default=pretrained, metavar="FILE", help="left out where there is none")
    parser.add_argument("--unseen", default=UNSEEN, metavar="LABELS", help="labels with commas between them")
    parser.add_argument("--never", default=NEVER, metavar="LABELS", help="those that nothing else showed it either")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the JSON there")
    parser.add_argument("--json", action="store_true", help="print the JSON")
    options = parser.parse_args()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    images, labels = load_photographs(options.images)
    if len(images) < 100:
        parser.error(f"expected at least 100 photographs in folders below {options.images}; name them by --images")
    unseen, never = (np.isin(labels, named.split(",")) for named in (options.unseen, options.never))
    groups = {"all": np.ones(len(labels), bool), "unseen": unseen, "never": never, "seen": ~unseen}
    document = {
        "machine": describe_machine(),
        "command": command_line(),
        "photographs": {
            "number": len(images),
            "labels": len(np.unique(labels)),
            "unseen": int(unseen.sum()),
            "never": int(never.sum()),
        },
        **measure(images, labels, groups, options.teacher if options.teacher.is_file() else None),
    }
    if options.out:
        options.out.write_text(json.dumps(document, indent=1) + "\n")
    if options.json:
        print(json.dumps(document))
    else:
        print_table(document)


if __name__ == "__main__":
    main()
