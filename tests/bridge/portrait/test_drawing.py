import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from bridge.landmarks import INNER_LIPS, neutral_face
from bridge.portrait.camera import Camera
from bridge.portrait.drawing import OPEN, drawn

CAMERA = Camera(np.eye(3, dtype=np.float32), 9.0, np.array([128, 128], np.float32))
IRISES, RADII = np.array([[98, 100], [158, 100]], np.float32), np.array([5.5, 5.5], np.float32)


def points() -> np.ndarray:
    return CAMERA.seen(neutral_face())


def test_each_part_has_its_colour() -> None:
    picture = drawn(points(), IRISES, RADII)
    assert picture.shape == (256, 256, 3)
    assert picture.dtype == np.uint8
    chin = points()[8].round().astype(int)
    assert picture[chin[1], chin[0], 0] > 200
    assert picture[100, 98, 1] == 255  # an iris is filled
    lip = points()[51].round().astype(int)
    assert picture[lip[1], lip[0], 2] > 200
    assert picture[5, 5].tolist() == [0, 0, 0]


def test_irises_may_be_left_out() -> None:
    with_, without = drawn(points(), IRISES, RADII), drawn(points(), IRISES, np.full(2, -1.0, np.float32))
    assert with_[100, 98, 1] == 255
    assert without[96:104, 94:102, 1].mean() < with_[96:104, 94:102, 1].mean() / 2


def test_a_tenth_of_a_pixel_shows() -> None:
    shut, ajar = points(), points()
    ajar[[65, 66, 67], 1] += 0.1
    assert np.abs(drawn(shut, IRISES, RADII).astype(int) - drawn(ajar, IRISES, RADII)).sum() > 50


def test_an_open_mouth_is_filled_as_a_polygon_of_pillow_is() -> None:
    opened = points()
    opened[[65, 66, 67], 1] += 12
    blue = drawn(opened, IRISES, RADII)[:, :, 2].astype(float) / 255
    big = Image.new("L", (2048, 2048))
    ring = [(float(x + 0.5) * 8, float(y + 0.5) * 8) for x, y in opened[list(INNER_LIPS)]]
    ImageDraw.Draw(big).polygon(ring, fill=255)
    share = np.asarray(big.resize((256, 256), Image.Resampling.BOX)) / 255
    assert blue[share > 0.99].min() > OPEN - 0.02
    assert (np.abs(blue[share > 0.99] - OPEN) < 0.02).sum() > 100  # away from the lips' lines
    shut = drawn(points(), IRISES, RADII)[:, :, 2]
    assert (shut > 100).sum() < (blue > 0.4).sum()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1e4, 1e4), min_size=136, max_size=136))
def test_whatever_lies_outside_is_not_drawn(values: list[float]) -> None:
    picture = drawn(np.array(values, np.float32).reshape(68, 2), IRISES, RADII, 64)
    assert picture.shape == (64, 64, 3)
