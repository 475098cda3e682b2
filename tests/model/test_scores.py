import torch

from resumebert.model.scores import SplitScores


def test_scores_come_back_in_the_order_of_the_documents():
    scores = SplitScores(2)
    scores.update(torch.tensor([7, 2]), torch.tensor([[7.0, 0], [2, 0]]), torch.eye(2))
    scores.update(torch.tensor([5]), torch.tensor([[5.0, 0]]).bfloat16(), torch.ones(1, 2))
    collected = scores.compute()
    assert collected.index.tolist() == [2, 5, 7]
    assert collected.logits[:, 0].tolist() == [2, 5, 7]
    assert collected.logits.dtype == torch.float64
    assert collected.targets.tolist() == [[0, 1], [1, 1], [1, 0]]


def test_positions_above_two_to_the_24th_are_kept():
    scores = SplitScores(1)
    scores.update(torch.tensor([2**24 + 1]), torch.zeros(1, 1), torch.zeros(1, 1))
    assert scores.compute().index.tolist() == [2**24 + 1]


def test_looking_at_scores_before_the_first_batch_leaves_nothing_behind():
    # A checkpoint between two epochs looks. What it left was on the CPU, and the batches of the
    # next epoch on the GPU, so that no run on a GPU came beyond its first epoch.
    scores = SplitScores(2)
    assert scores.collected()["logits"].shape == (0, 2)
    on_another_device = torch.zeros(1, 2, device="meta")
    scores.update(torch.zeros(1, device="meta"), on_another_device, on_another_device)
    assert {part.device.type for part in scores.index + scores.logits} == {"meta"}
