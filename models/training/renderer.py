"""Trains a translator of one person: `python -m models.training.renderer --video person.mp4 -o person/ --consent …`.

Videos are tracked and cropped first (`models.data.filming`). L1, heavier on mouth and eyes, and a perceptual loss on
patches of them (`--vgg`, weights of torchvision's VGG-19 or of any VGG-16). Checkpoints every `--every` steps with
pictures to look at, and goes on from the last one. What is kept is a running mean of the weights.
"""

from __future__ import annotations

import argparse
import copy
import io
import math
import subprocess
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from bridge.portrait.person import CARD, REFERENCE
from models.data.filming import prepared
from models.data.people import PERSON, TRAIN, VAL, Person, build, grid_clips, read_person
from models.renderer.lessons import Batch, Lessons, tensor
from models.renderer.reference import contract_for
from models.renderer.translator import Translator, TranslatorConfig
from models.renderer.vgg import Vgg, read_vgg
from models.training import results

PATCH = 64
"""Side of what the perceptual loss looks at: the middle of each crop."""
PERCEPTUAL_SHARE = 0.04
KEPT = 0.998
"""Of the running mean of weights, at each step."""
WARM_UP = 200
JUDGED = 40
"""Held-out frames whose PSNR is told at each checkpoint."""
SAMPLES = 5
"""Pictures of a sample sheet."""
FACTS = "person.json"
"""What the network will say of itself."""
CARD_TEXT = """# {name}

A network that paints this person saying what it is told: everything it makes is synthetic, and films say so in their
metadata.

* Consent: {consent}
* Trained on: {trained_on}; {frames} frames, {held_out} more held out for judging
* Licence: {licence}
* Not for: making this person say what they did not agree to.
"""


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument("--video", type=Path, nargs="+", help="videos of one person: three minutes or more")
    whose.add_argument("--person", type=Path, help="folder of a person that was prepared before")
    whose.add_argument("--grid", type=Path, metavar="DATA", help="data folder with grid_s1/video")
    parser.add_argument(
        "--model", type=Path, default=Path("face_landmarker.task"), help="MediaPipe's, for --video"
    )
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=20000)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--side", type=int, default=128, help="of the crops it learns from, up to 256")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--every", type=int, default=500, help="steps between checkpoints")
    parser.add_argument("--vgg", type=Path, help="weights of the perceptual loss; without them there is none")
    parser.add_argument("--widths", default="32,64,128,192,256")
    parser.add_argument("--no-attention", action="store_true", help="ablation: without CBAM")
    parser.add_argument("--no-gaze", action="store_true", help="ablation: irises are not drawn")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--name", help="what the person is called; the folder's name by default")
    parser.add_argument(
        "--consent", help="what the person agreed to, in your words; without it nothing is exported"
    )
    parser.add_argument("--trained-on", default="videos of this person, given by whoever trained it")
    parser.add_argument("--licence", default="not stated: ask whoever trained it")
    args = parser.parse_args()
    if not (args.consent or "").strip():
        parser.error(
            "a person's face is trained only with consent; say what was agreed to with --consent "
            '("NAME agreed on DATE to …"): it goes into the network and its card'
        )
    return args


def person_of(args: argparse.Namespace) -> Person:
    """Whom to learn; prepares what is not prepared yet.

    Raises:
        ValueError, OSError: if that cannot be.
    """
    if args.person is not None:
        return read_person(args.person)
    folder = args.out / "prepared"
    if args.video is not None:
        return prepared(args.video, folder, args.model)
    return read_person(folder) if (folder / PERSON).exists() else build(grid_clips(args.grid), folder)


def half_precision(device: torch.device) -> AbstractContextManager[object]:
    """bfloat16 where it is fast."""
    if device.type == "cuda" or torch.cpu._is_avx512_bf16_supported():
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


def middle(pictures: Tensor) -> Tensor:
    """(B, 3, `PATCH`, `PATCH`): the middles of (B, 3, S, S)."""
    at = (pictures.shape[-1] - PATCH) // 2
    return pictures[..., at : at + PATCH, at : at + PATCH]


def loss_of(
    made: Tensor, batch: Batch, device: torch.device, vgg: Vgg | None
) -> tuple[Tensor, dict[str, float]]:
    """Everything that is made small, and its parts."""
    wanted = batch.wanted.to(device)
    pixels = ((made - wanted).abs() * batch.weight.to(device)).mean()
    parts = {"l1": float(pixels.detach())}
    if vgg is None:
        return pixels, parts
    perceptual = vgg.loss(middle(made), middle(wanted))
    parts["vgg"] = float(perceptual.detach())
    return pixels + PERCEPTUAL_SHARE * perceptual, parts


def sheet(path: Path, model: Translator, person: Person, device: torch.device, *, gaze: bool) -> float:
    """Held-out frames: reference, drawing, made, real; returns their mean PSNR in dB."""
    indices = person.of(VAL)
    first = {int(k): int(indices[person.clip[indices] == k][0]) for k in np.unique(person.clip[indices])}
    chosen = indices[np.linspace(0, len(indices) - 1, min(JUDGED, len(indices))).astype(int)]
    columns: list[np.ndarray] = []
    levels: list[float] = []
    for n, i in enumerate(chosen):
        reference = first[int(person.clip[i])]
        drawing = person.drawing(int(i), gaze=gaze)
        given = torch.cat([tensor(drawing), tensor(person.frames[reference]),
                           tensor(person.drawing(reference, gaze=gaze))])  # fmt: skip
        with torch.no_grad(), half_precision(device):
            made = model(given[None].to(device)).float().clamp(0, 1)[0].cpu()
        real = tensor(person.frames[i])
        levels.append(-10 * float(torch.log10(((made - real) ** 2).mean())))
        if n % max(1, len(chosen) // SAMPLES) == 0 and len(columns) < SAMPLES:
            rgb = (made.permute(1, 2, 0).numpy() * 255 + 0.5).astype(np.uint8)
            columns.append(np.vstack([person.frames[reference], drawing, rgb, person.frames[i]]))
    Image.fromarray(np.hstack(columns)).save(path)
    return float(np.mean(levels))


def main() -> None:
    """Trains."""
    args = arguments()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(args.seed)
    try:
        person = person_of(args)
    except (ValueError, OSError, ImportError) as error:
        raise SystemExit(f"renderer: {error}") from None
    config = TranslatorConfig(tuple(int(w) for w in args.widths.split(",")), not args.no_attention)
    model = Translator(config).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    kept = copy.deepcopy(model)
    vgg = None if args.vgg is None else read_vgg(args.vgg).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.rate, weight_decay=1e-4)
    args.out.mkdir(parents=True, exist_ok=True)
    checkpoint, step = args.out / "checkpoint.pt", 0
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        model.load_state_dict(state["model"])
        kept.load_state_dict(state["kept"])
        optimizer.load_state_dict(state["optimizer"])
        step = int(state["step"])
        print(f"resumed at step {step}", flush=True)
    lessons = Lessons(
        person, person.of(TRAIN), args.batch, args.side, gaze=not args.no_gaze, seed=args.seed + step
    )
    sums: dict[str, float] = {}
    began, since = time.monotonic(), step
    for batch in lessons:
        if step >= args.steps:
            break
        progress = step / args.steps
        for group in optimizer.param_groups:
            group["lr"] = (
                args.rate * min(1.0, (step + 1) / WARM_UP) * (0.5 + 0.5 * math.cos(math.pi * progress))
            )
        given = batch.given.to(device, memory_format=torch.channels_last)
        with half_precision(device):
            made = model(given)
            loss, parts = loss_of(made, batch, device, vgg)
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        with torch.no_grad():
            share = min(KEPT, 1 - 1 / (step + 1))
            for a, b in zip(kept.state_dict().values(), model.state_dict().values(), strict=True):
                a.lerp_(b, 1 - share) if a.is_floating_point() else a.copy_(b)
        for name, value in parts.items():
            sums[name] = sums.get(name, 0.0) + value
        if step % args.every == 0 or step == args.steps:
            kept.eval()
            level = sheet(args.out / f"sheet_{step:06d}.png", kept, person, device, gaze=not args.no_gaze)
            facts = {"config": asdict(config), "gaze": not args.no_gaze, "step": step}
            results.write(checkpoint, {"model": model.state_dict(), "kept": kept.state_dict(),
                                       "optimizer": optimizer.state_dict(), "step": step})  # fmt: skip
            results.write(args.out / "translator.pt", {"state": kept.state_dict(), **facts})
            means = "  ".join(f"{name} {value / args.every:.4f}" for name, value in sums.items())
            pace = (time.monotonic() - began) / max(1, step - since)
            left = (args.steps - step) * pace / 60
            print(
                f"step {step}  {means}  held out {level:.2f} dB  {pace:.2f} s a step, {left:.0f} min left",
                flush=True,
            )
            sums.clear()
    kept.eval()
    leave(args, person)
    # networks leave through `export`, which knows this package; not the other way round
    command = [sys.executable, "-m", "export.person", str(args.out)]
    raise SystemExit(subprocess.run(command, check=False).returncode)  # noqa: S603


def leave(args: argparse.Namespace, person: Person) -> None:
    """Writes what `export.person` makes a person's folder of: the reference picture, the facts and the card."""
    contract, reference = contract_for(
        person, args.name or args.out.resolve().name, gaze=not args.no_gaze, consent=args.consent,
        trained_on=args.trained_on, licence=args.licence,
    )  # fmt: skip
    picture = io.BytesIO()
    Image.fromarray(np.asarray(person.frames[reference])).save(picture, format="PNG")
    text = CARD_TEXT.format(
        name=contract.name, consent=contract.consent, trained_on=contract.trained_on, licence=contract.licence,
        frames=len(person.of(TRAIN)), held_out=len(person.of(VAL)),
    )  # fmt: skip
    left = {REFERENCE: picture.getvalue(), CARD: text.encode(), FACTS: contract.to_json().encode()}
    for name, data in left.items():
        beside = args.out / f"{name}.part"
        beside.write_bytes(data)
        beside.replace(args.out / name)


if __name__ == "__main__":
    main()
