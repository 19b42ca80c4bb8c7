"""The small U-Net: one level at a quarter of the resolution, blind to exposure."""

import pytest
import torch
from torch import nn

from gazesearch.errors import BadSetting
from gazesearch.models.backbones.unet import UNet


@pytest.fixture
def net() -> UNet:
    """As it is in the middle of training: no part adds nothing."""
    return stirred(UNet(width=16))


def stirred(net: UNet) -> UNet:
    torch.manual_seed(0)
    with torch.no_grad():
        for weights in net.parameters():
            if weights.ndim > 1:
                nn.init.kaiming_normal_(weights)
    return net


def pixels(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("sides", [(224, 224), (64, 96), (50, 35)])
def test_one_level_at_a_quarter_of_the_resolution(net: UNet, sides: tuple[int, int]) -> None:
    (level,) = net(pixels(2, 3, *sides))
    assert net.strides == (4,)
    assert level.shape == (2, *net.channels, -(-sides[0] // 4), -(-sides[1] // 4))


def test_exposure_does_not_matter(net: UNet) -> None:
    image = pixels(1, 3, 64, 64)
    torch.testing.assert_close(net(image * 3 - 7), net(image), rtol=1e-4, atol=1e-4)


def test_an_image_is_seen_alike_whatever_stands_beside_it(net: UNet) -> None:
    images = pixels(3, 3, 64, 64)
    torch.testing.assert_close(net(images)[0][1:2], net(images[1:2])[0], rtol=1e-4, atol=1e-4)


def test_a_place_is_told_from_another_that_looks_alike(net: UNet) -> None:
    """Both are out of sight of the borders, at the same place in the coarsest cells."""
    (level,) = net(torch.zeros(1, 3, 32, 1024))
    assert (level[0, :, 4, 120] - level[0, :, 4, 136]).abs().max() > 0.01


@pytest.mark.parametrize("finest", [4, 8, 16])
@pytest.mark.parametrize("mirrored", [True, False])
def test_all_weights_learn(finest: int, mirrored: bool) -> None:
    net = stirred(UNet(width=16, finest=finest, mirrored=mirrored))
    (level,) = net(pixels(1, 3, 64, 64))
    (level * pixels(*level.shape)).sum().backward()
    still = [
        name
        for name, weights in net.named_parameters()
        if weights.grad is None or not weights.grad.any()
    ]
    assert still == []


def test_coarse_levels_alone_tell_no_cell_from_its_neighbour() -> None:
    """Bends from cell to cell, against the spread over the map."""
    image = pixels(1, 3, 128, 128)

    def roughness(finest: int) -> float:
        torch.manual_seed(0)
        with torch.no_grad():
            (level,) = UNet(width=16, finest=finest)(image)
        bends = level[..., 2:] - 2 * level[..., 1:-1] + level[..., :-2]
        return float(bends.std() / level.std())

    assert roughness(16) < roughness(8) < 0.7 * roughness(4)


@pytest.mark.parametrize("options", [{"width": 20}, {"width": 0}, {"finest": 2}])
def test_other_sizes_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(BadSetting, match="width must be a multiple of 16"):
        UNet(**options)
