"""Networks: chunked equals whole, causality, and the look-ahead that the contract states."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bridge.contract import NOISE  # noqa: E402
from bridge.features import BINS, SILENCE  # noqa: E402
from models.basis import fit  # noqa: E402
from models.content import ContentConfig  # noqa: E402
from models.cue_network import HEAD_LIMITS_RAD, CueConfig, CueNetwork, neutral_request  # noqa: E402
from models.data.windows import pairs_of  # noqa: E402
from models.emotion import EmotionConfig  # noqa: E402
from models.expression import gapless  # noqa: E402
from models.losses import DisplacementLoss, lip_gap  # noqa: E402
from models.motion import concordance_loss  # noqa: E402
from models.speech_encoder import EncoderConfig  # noqa: E402
from models.voice import VoiceConfig  # noqa: E402

pytestmark = pytest.mark.torch
EARS = EncoderConfig(ahead=(1, 1), past=5, feed=24)


def tiny(hops: int = 4, seed: int = 0) -> CueNetwork:
    torch.manual_seed(seed)
    network = CueNetwork(
        CueConfig(
            ContentConfig(EARS, 16, (1, 2, 4), 6),
            EmotionConfig(EARS, hidden=8),
            VoiceConfig(8, dilations=(1, 2)),
            hops,
        )
    )
    face = network.expression
    for buffer in (network.content.basis, face.basis, face.gaze, face.head):
        buffer.normal_(0, 0.05)
    return network.eval()


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 20])
def test_chunked_equals_whole(chunk: int) -> None:
    network, mel = tiny(), torch.randn(1, 2 * 20, BINS)
    torch.manual_seed(3)
    direction, noise = neutral_request(20)[:-1], torch.randn(1, 20, NOISE)
    with torch.no_grad():
        whole, end = network(mel, *direction, noise, network.initial_state())
        state, parts = network.initial_state(), []
        for start in range(0, 20, chunk):
            part = noise[:, start : start + chunk]
            out, state = network(mel[:, 2 * start : 2 * (start + chunk)], *direction, part, state)
            parts.append(out)
    for i, expected in enumerate(whole):
        torch.testing.assert_close(torch.cat([p[i] for p in parts], 1), expected, atol=1e-5, rtol=0)
    for name, expected in end.items():
        torch.testing.assert_close(state[name], expected, atol=1e-5, rtol=1e-5)


def test_new_audio_does_not_change_old_frames() -> None:
    network, mel = tiny(), torch.randn(1, 40, BINS)
    other = mel.clone()
    other[:, 20:] += 3
    with torch.no_grad():
        a, _ = network(mel, *neutral_request(20), network.initial_state())
        b, _ = network(other, *neutral_request(20), network.initial_state())
    for x, y in zip(a, b, strict=True):
        torch.testing.assert_close(x[:, :10], y[:, :10])
        assert not torch.equal(x[:, 10:], y[:, 10:])


@pytest.mark.parametrize("hops", [0, 1, 4, 5, 8, 60])
def test_a_frame_comes_with_exactly_the_look_ahead_it_states(hops: int) -> None:
    """Frame n leaves at step n + hops // 2, whose newest hop is 2n + hops: hop i ends 10·(i + 1) ms."""
    mel = torch.arange(300.0).view(1, 300, 1).expand(1, 300, BINS)
    pairs = pairs_of(mel, hops)
    for n in (0, 3, 50):
        newest = float(pairs[0, n + hops // 2, -1])
        assert newest == 2 * n + hops
    if hops % 2 == 0:
        assert float(pairs[0, 0, 0]) == pytest.approx(SILENCE)


def test_expression_scales_with_intensity_and_leaves_the_lip_gap_alone() -> None:
    network = tiny()
    network.expression.basis.copy_(torch.from_numpy(gapless(network.expression.basis.numpy())))
    mel = torch.randn(1, 20, BINS)
    request = torch.zeros(1, 8)
    request[0, 4] = 1
    faces = []
    for intensity in (0.0, 0.5, 1.0, 2.0):
        with torch.no_grad():
            out, _ = network(
                mel,
                request,
                torch.ones(1, 1),
                torch.full((1, 1), intensity),
                *neutral_request(10)[3:],
                network.initial_state(),
            )
        faces.append(out.displacement)
    sizes = [float((f - faces[0]).abs().sum()) for f in faces]
    assert sizes == sorted(sizes)
    assert sizes[1] > 0
    for face in faces[1:]:
        torch.testing.assert_close(lip_gap(face), lip_gap(faces[0]), atol=1e-5, rtol=0)


def test_head_rotation_is_a_unit_quaternion_and_emotion_a_distribution() -> None:
    network = tiny()
    with torch.no_grad():
        out, _ = network(5 * torch.randn(1, 100, BINS), *neutral_request(50), network.initial_state())
    torch.testing.assert_close(out.head_rotation.norm(dim=-1), torch.ones(1, 50))
    torch.testing.assert_close(out.emotion.sum(-1), torch.ones(1, 50))
    assert float(out.gaze.abs().max()) <= 0.6


def test_a_head_never_turns_further_than_a_neck_lets_it() -> None:
    network = tiny()
    network.expression.head.copy_(torch.tensor([2.0, -2.0, 2.0, 0, 0, 0]).expand(8, -1))
    with torch.no_grad():
        out, _ = network(torch.randn(1, 200, BINS), *neutral_request(100), network.initial_state())
    vector = (
        2
        * torch.acos(out.head_rotation[0, -1, 3])
        * torch.nn.functional.normalize(out.head_rotation[0, -1, :3], dim=0)
    )
    assert bool((vector.abs() <= torch.tensor(HEAD_LIMITS_RAD) + 1e-4).all())
    assert float(vector.abs().min()) > 0.1


def test_losses_are_zero_for_the_truth_and_only_there() -> None:
    loss = DisplacementLoss()
    truth, mask = torch.randn(2, 9, 68, 3), torch.ones(2, 9)
    assert float(loss(truth, truth, mask)) == 0
    assert float(loss(truth + 0.1, truth, mask)) > 0
    assert float(loss(truth + 5, truth, torch.zeros(2, 9))) == 0
    signal = torch.randn(2, 50, 3)
    assert float(concordance_loss(signal, signal, torch.ones(2, 50))) == pytest.approx(0, abs=1e-5)
    flat = float(concordance_loss(torch.zeros(2, 50, 3), signal, torch.ones(2, 50)))
    assert flat == pytest.approx(1, abs=0.01)  # averaging all motion away earns nothing


def test_basis_rebuilds_what_it_was_fitted_to() -> None:
    rng = np.random.default_rng(0)
    shapes = rng.normal(0, 1, (3, 68 * 3))
    moves = (rng.normal(0, 1, (400, 3)) @ shapes).reshape(-1, 68, 3).astype(np.float32)
    basis = fit(moves, 6)  # three shapes and their mirror images
    flat = moves.reshape(-1, 204)
    rebuilt = flat @ np.linalg.pinv(basis) @ basis
    np.testing.assert_allclose(rebuilt, flat, atol=1e-2)


def test_config_is_kept_apart_from_training() -> None:
    assert replace(ContentConfig(), width=8).width == 8
