"""How well words find photographs: class names as queries, in English and in Chinese.

    python benchmarks/words.py [--images FOLDER] [--backbone NAME] [--json]

--images is a folder with one folder per label; by default `caltech-dev` in LIKENESS_DATA. Every class is asked for by
its name; its translation stands here. P@10 and mAP by the method of words, and by the names of the classes alone (ConSE
in the text model's space, without the lexicon and the looks of classes); what names on half of the photographs do for
the others; how rare wrong pairs are said to be.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.encoder import DEVELOPMENT, load_photographs
from benchmarks.machine import command_line, describe_machine
from search.evaluation.metrics import average_precision
from search.methods.naming import sentences
from search.methods.words import Naming
from search.scoring.namesakes import drawn_to
from search.scoring.phrases import fit_phrases

ENGLISH = {"airplanes": "airplane", "faces": "face", "motorbikes": "motorbike", "water_lilly": "water lily"}
"""Names that folders do not spell as people do."""
CHINESE = {
    "airplanes": "飞机",
    "anchor": "船锚",
    "barrel": "木桶",
    "beaver": "海狸",
    "binocular": "望远镜",
    "brain": "大脑",
    "buddha": "佛像",
    "butterfly": "蝴蝶",
    "cannon": "大炮",
    "ceiling_fan": "吊扇",
    "cellphone": "手机",
    "chandelier": "枝形吊灯",
    "cougar_face": "美洲狮的脸",
    "crab": "螃蟹",
    "crocodile": "鳄鱼",
    "cup": "杯子",
    "dalmatian": "斑点狗",
    "dolphin": "海豚",
    "electric_guitar": "电吉他",
    "elephant": "大象",
    "euphonium": "大号",
    "faces": "人脸",
    "ferry": "渡轮",
    "flamingo": "火烈鸟",
    "garfield": "加菲猫",
    "gramophone": "留声机",
    "grand_piano": "三角钢琴",
    "headphone": "耳机",
    "helicopter": "直升机",
    "ibis": "朱鹭",
    "joshua_tree": "约书亚树",
    "ketch": "双桅帆船",
    "lamp": "台灯",
    "llama": "羊驼",
    "lotus": "莲花",
    "mandolin": "曼陀林琴",
    "menorah": "烛台",
    "minaret": "清真寺尖塔",
    "motorbikes": "摩托车",
    "nautilus": "鹦鹉螺",
    "okapi": "霍加狓",
    "panda": "熊猫",
    "pigeon": "鸽子",
    "platypus": "鸭嘴兽",
    "revolver": "左轮手枪",
    "rhino": "犀牛",
    "saxophone": "萨克斯",
    "scissors": "剪刀",
    "scorpion": "蝎子",
    "snoopy": "史努比",
    "stapler": "订书机",
    "starfish": "海星",
    "stop_sign": "停车标志",
    "sunflower": "向日葵",
    "tick": "蜱虫",
    "umbrella": "雨伞",
    "water_lilly": "睡莲",
    "wheelchair": "轮椅",
    "windsor_chair": "温莎椅",
    "yin_yang": "阴阳太极",
}
DEPTH = 10
SAID = (1, 2, 3)
"""Decades at which it is counted how many wrong pairs are called so rare."""


def measure(
    rows: NDArray[Any], labels: NDArray[np.str_], asked: NDArray[Any], names: Sequence[str]
) -> dict[str, float]:
    """Return P@10 and mAP, the mean over the classes that are asked for.

    Parameters
    ----------
    rows : ndarray of shape (n, d), of the photographs, with their labels (n,)
    asked : ndarray of shape (c, d), of the classes' names
    names : the c classes
    """
    first, whole = [], []
    for row, name in zip(asked, names, strict=True):
        order = np.argsort(-(rows @ row), kind="stable")
        right = labels[order] == name
        first.append(right[:DEPTH].mean())
        whole.append(average_precision(right))
    return {"precision_at_10": float(np.mean(first)), "map": float(np.mean(whole))}


def taught(rows: NDArray[Any], labels: NDArray[np.str_], asked: NDArray[Any], names: Sequence[str]) -> dict[str, float]:
    """Return what `measure` does, of the other photographs, once half of each class are called by its name."""
    first = np.concatenate([np.flatnonzero(labels == name)[::2] for name in names])
    left = np.setdiff1d(np.arange(len(rows)), first)
    drawn = [drawn_to(row, rows[first][labels[first] == name], rows) for row, name in zip(asked, names, strict=True)]
    moved = np.stack([row if pulled is None else pulled for row, pulled in zip(asked, drawn, strict=True)])
    found = {
        "before": measure(rows[left], labels[left], asked, names),
        "after": measure(rows[left], labels[left], moved, names),
    }
    return {f"{name} {when}": value for when, figures in found.items() for name, value in figures.items()}


def honesty(method: Naming, rows: NDArray[Any], labels: NDArray[np.str_], asked: NDArray[Any]) -> dict[str, float]:
    """Return seen / said: how many wrong pairs reach what is said of one in 10, 100 and 1000, 1 = as said."""
    table = fit_phrases(method.background() @ rows.T)
    wrong = np.unique(labels)[:, None] != labels[None]
    decades = np.concatenate(
        [table.judging(scores).decades_of(scores[those]) for scores, those in zip(asked @ rows.T, wrong, strict=True)]
    )
    return {f"1e-{said}": float(np.mean(decades >= said) * 10**said) for said in SAID}


def run(folder: Path, backbone: str, models: Path) -> dict[str, Any]:
    """Measure a folder of photographs by one content network."""
    method = Naming({"deep": {"backbone": backbone, "models_dir": models}})
    images, labels = load_photographs(folder)
    rows = np.concatenate([method.describe([image]) for image in images])
    names = [str(name) for name in np.unique(labels)]
    texts = {
        "English": [ENGLISH.get(name, name.replace("_", " ")) for name in names],
        "Chinese": [CHINESE[name] for name in names if name in CHINESE],
    }
    found: dict[str, Any] = {"photographs": len(images), "classes": len(names), "version": method.version}
    space: Any = method._space()
    directions = space.arrays["texts"]
    for language, asked in texts.items():
        if len(asked) != len(names):
            continue
        placed = method.place(asked)
        plain = sentences.encode(asked) @ directions
        found[language] = {
            "words": measure(rows, labels, placed, names),
            "names alone": measure(rows[:, : directions.shape[1]], labels, plain, names),
            "half of them tagged, the others": taught(rows, labels, placed, names),
            "seen / said": honesty(method, rows, labels, placed),
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, default=DEVELOPMENT / "caltech-dev")
    parser.add_argument("--backbone", default="lite2")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as models:
        found = run(options.images, options.backbone, Path(models))
    if options.json:
        print(json.dumps({"command": command_line(), "machine": describe_machine(), "figures": found}))
        return
    print(f"{found['photographs']} photographs of {found['classes']} classes, {found['version']}")
    for language in ("English", "Chinese"):
        for way, figures in found.get(language, {}).items():
            print(f"{language}, {way}:", ", ".join(f"{name} {value:.3f}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
