"""Memories that all samples share: both normalisations, no order, linear cost."""

import pytest

torch = pytest.importorskip("torch")

from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from models.memory import ExternalAttention, SharedMemory  # noqa: E402

pytestmark = pytest.mark.torch


def test_shares_are_normalised_over_tokens_and_then_over_slots() -> None:
    torch.manual_seed(0)
    attention = ExternalAttention(16, 24)
    tokens = torch.randn(3, 7, 16)
    shares = attention.shares(tokens)
    assert shares.shape == (3, 7, 24)
    torch.testing.assert_close(shares.sum(2), torch.ones(3, 7), atol=1e-4, rtol=0)
    over_tokens = attention.keys(tokens).softmax(1)
    torch.testing.assert_close(over_tokens.sum(1), torch.ones(3, 24))
    torch.testing.assert_close(shares, over_tokens / over_tokens.sum(2, keepdim=True), atol=1e-5, rtol=1e-4)


def test_tokens_have_no_order_of_their_own() -> None:
    torch.manual_seed(0)
    attention, tokens = ExternalAttention(16, 24), torch.randn(2, 7, 16)
    order = torch.randperm(7)
    torch.testing.assert_close(attention(tokens[:, order]), attention(tokens)[:, order])
    assert not torch.allclose(attention(tokens[:, order]), attention(tokens))


def test_a_group_knows_its_place() -> None:
    torch.manual_seed(0)
    memory = SharedMemory(4, 8, 16)
    x = torch.randn(1, 1, 8).repeat(1, 1, 4)  # four groups that are the same
    told = (memory(x) - x).detach().reshape(4, 8)
    assert float((told[0] - told[1]).abs().max()) > 1e-3


def test_frames_do_not_see_each_other() -> None:
    torch.manual_seed(0)
    memory, x = SharedMemory(4, 8, 16), torch.randn(1, 5, 32)
    other = x.clone()
    other[:, 3:] = 0
    torch.testing.assert_close(memory(other)[:, :3], memory(x)[:, :3])
    assert memory(x).shape == x.shape
    torch.testing.assert_close(memory(x[:, 2]), memory(x)[:, 2])


def test_cost_is_linear_in_tokens() -> None:
    attention = ExternalAttention(16, 24)

    def cost(tokens: int) -> int:
        with FlopCounterMode(display=False) as counter:
            attention(torch.randn(1, tokens, 16))
        return counter.get_total_flops()

    assert cost(64) == 2 * 64 * 16 * 24 * 2  # two products with the memories and nothing between tokens
    assert cost(1024) == 16 * cost(64)


def test_gradients_reach_both_memories() -> None:
    torch.manual_seed(0)
    memory = SharedMemory(4, 8, 16)
    (memory(torch.randn(6, 32)) * torch.randn(6, 32)).sum().backward()
    for weight in (memory.attention.keys.weight, memory.attention.values.weight, memory.place):
        assert weight.grad is not None
        assert float(weight.grad.abs().max()) > 0
