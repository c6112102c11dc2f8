"""Pictures of the head: what is seen where, and that a mouth that opens darkens."""

import numpy as np
import pytest

from bridge.frames import ARKIT, ARKIT_INDEX
from bridge.head import load_head

pytest.importorskip("numba", reason="the studio extra is not installed")

from bridge.head.picture import Painter
from bridge.head.raster import Canvas

BACK = (10, 200, 10)


def test_a_triangle_covers_its_pixels() -> None:
    canvas = Canvas(np.full((32, 32, 3), 7, np.uint8))
    near = [[4, 4, 2], [4, 28, 2], [28, 4, 2]]
    far = [[0, 0, 1], [0, 31, 1], [31, 0, 1]]
    screen = np.array(far + near, np.float32)
    colour = np.repeat(np.array([[200, 0, 0], [0, 0, 255]], np.float32), 3, axis=0)
    both = np.array([[0, 1, 2], [3, 4, 5]], np.int32)
    picture = canvas.draw(screen, both, colour)
    assert tuple(picture[10, 10]) == (0, 0, 255), "the nearer one is seen"
    assert tuple(picture[1, 1]) == (200, 0, 0)
    assert tuple(picture[31, 31]) == (7, 7, 7)
    np.testing.assert_array_equal(canvas.draw(screen, both[::-1].copy(), colour), picture)
    assert (canvas.draw(screen, both[:, ::-1].copy(), colour) == 7).all(), "backs are not drawn"


def test_colours_run_over_a_triangle() -> None:
    canvas = Canvas(np.zeros((32, 32, 3), np.uint8))
    screen = np.array([[-40, -40, 1], [-40, 160, 1], [160, -40, 1]], np.float32)
    colour = np.array([[0, 50, 9], [0, 50, 9], [200, 50, 9]], np.float32)
    picture = canvas.draw(screen, np.array([[0, 1, 2]], np.int32), colour)
    np.testing.assert_allclose(picture[5, :, 0], 40 + np.arange(32), atol=1.01)
    assert (picture[..., 1] == 50).all()


def test_the_head_is_in_the_picture() -> None:
    picture = Painter(load_head(), 160, backdrop=BACK).render()
    assert picture.shape == (160, 160, 3)
    head = (picture != BACK).any(-1)
    assert 0.35 < head.mean() < 0.75
    assert not head[:2].any()
    assert head[-1].any(), "the bust reaches the lower edge"
    assert head[80, 70:90].all()


def test_an_open_mouth_is_dark() -> None:
    painter = Painter(load_head(), 160, backdrop=BACK, centre=(0, -5.0, 3), height_cm=10)
    weights = np.zeros(len(ARKIT), np.float32)
    shut = painter.render(weights).astype(float)
    weights[ARKIT_INDEX["jawOpen"]] = 1
    opened = painter.render(weights).astype(float)
    assert (opened.sum(-1) < 150).mean() > (shut.sum(-1) < 150).mean() + 0.03
    assert (opened[:120, 40:120] != BACK).any(-1).all(), "nobody looks through the head"


def test_the_camera_goes_round() -> None:
    head = load_head()
    shares = []
    for yaw in (0.6, -0.6):
        picture = (
            Painter(head, 160, yaw=yaw, backdrop=BACK, centre=(0, 2, 3), height_cm=12).render().astype(int)
        )
        teal = (picture[..., 2] > picture[..., 0] + 15) & (picture != BACK).any(-1)
        shares.append(np.flatnonzero(teal.any(0)).mean())
    assert shares[0] < 80 < shares[1], "from its left the face looks to the picture's left"


def test_a_picture_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match="16 is the smallest"):
        Painter(load_head(), 8)
