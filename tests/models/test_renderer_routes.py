"""The routes over keypoints and over a variational code."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models.renderer.keypoints import KeypointConfig, KeypointRenderer, heat  # noqa: E402
from models.renderer.variational import (  # noqa: E402
    HOPS,
    EmotionCritic,
    SyncCritic,
    VariationalConfig,
    VariationalRenderer,
    divergence,
    masked,
)

pytestmark = pytest.mark.torch
SMALL = KeypointConfig(keypoints=4, hidden=16, width=4)
CODED = VariationalConfig(widths=(4, 4, 8, 8, 8), hidden=16, code=8)


def test_keypoints_that_stay_keep_the_reference() -> None:
    torch.manual_seed(0)
    model = KeypointRenderer(SMALL).eval()
    x, points = torch.rand(2, 3, 64, 64), torch.rand(2, 70, 2) * 2 - 1
    with torch.no_grad():
        come, _ = model.generator.flow(x, model.placer(points), model.placer(points))
        made = model(x, points, points)
    assert come.abs().max() < 1e-6
    assert (made - x).abs().mean() < 0.05


def test_pixels_come_from_where_their_keypoint_was() -> None:
    torch.manual_seed(0)
    generator = KeypointRenderer(SMALL).generator.eval()
    with torch.no_grad():
        generator.choice.weight.zero_()
        generator.choice.bias.copy_(torch.tensor([-20.0, 20.0, -20.0, -20.0, -20.0]))  # all follow the first
        source = torch.zeros(1, 4, 2)
        driving = source.clone()
        driving[:, 0, 0] = 0.25  # to the right
        picture = torch.zeros(1, 3, 64, 64)
        picture[..., 20:40, 10:20] = 1.0
        made = generator(picture, source, driving)
    columns = made[0].mean(0).mean(0)
    columns = columns - columns.min()
    assert abs(float((columns * torch.arange(64)).sum() / columns.sum()) - (14.5 + 8)) < 3


def test_heat_is_one_at_its_keypoint() -> None:
    found = heat(torch.tensor([[[0.5, -0.25]]]), 64)[0, 0]
    y, x = np.unravel_index(int(found.argmax()), (64, 64))
    assert (x, y) in {(47, 23), (48, 23), (47, 24), (48, 24)}
    assert float(found.max()) > 0.98


def test_only_what_was_masked_is_made() -> None:
    torch.manual_seed(0)
    model = VariationalRenderer(CODED).eval()
    faces = torch.rand(2, 3, 64, 64)
    given = masked(faces, torch.tensor([[16, 32, 48, 60]] * 2))
    assert float(given[:, 3].sum()) == 2 * 32 * 28
    assert (given[:, :3, 40, 20] == 0.5).all()
    sound, emotion = torch.rand(2, HOPS, 80), torch.eye(8)[:2]
    with torch.no_grad():
        made, mean, log_variance = model(given, faces, sound, emotion)
        again, _, _ = model(given, faces, sound, emotion)
        drawn, _, _ = model(given, faces, sound, emotion, torch.full((2, 8), 3.0))
        other, _, _ = model(given, faces, 1 - sound, emotion)
    outside = given[:, 3:].expand(-1, 3, -1, -1) == 0
    assert torch.equal(made[outside], faces[outside])
    assert torch.equal(made, again)
    assert not torch.equal(made, drawn)
    assert not torch.equal(made, other)
    assert mean.shape == log_variance.shape == (2, 8)


def test_divergence_is_that_of_gaussians() -> None:
    mean, log_variance = torch.tensor([[0.3, -1.0]]), torch.tensor([[0.2, -0.7]])
    ours = torch.distributions.Normal(mean, (log_variance / 2).exp())
    wanted = torch.distributions.kl_divergence(ours, torch.distributions.Normal(0.0, 1.0)).mean()
    assert float(divergence(mean, log_variance)) == pytest.approx(float(wanted), rel=1e-5)
    assert float(divergence(torch.zeros(1, 2), torch.zeros(1, 2))) == 0.0


def test_the_critics_learn_what_belongs_together() -> None:
    torch.manual_seed(0)
    critic = SyncCritic(width=4, size=16)
    level = torch.rand(16)
    mouths = level[:, None, None, None].expand(-1, 3, 64, 64)
    sounds = level[:, None, None].expand(-1, HOPS, 80)
    optimizer = torch.optim.Adam(critic.parameters(), 3e-3)
    losses = []
    for _ in range(40):
        logits = torch.cat([critic(mouths, sounds), critic(mouths, sounds.roll(8, 0))])
        truth = torch.cat([torch.ones(16), torch.zeros(16)])
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.8 * losses[0]
    assert EmotionCritic(width=4)(torch.rand(3, 3, 64, 64)).shape == (3, 8)
