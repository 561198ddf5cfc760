"""Tuning at low rank: what stays, what learns, and that files hold the sum in parts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file

from core.__main__ import main
from core.nets.low_rank import summed
from core.nets.two_tower import VARIANTS
from core.nets.weights_file import in_few_levels, load_network, read_weights, save_weights
from tests.core.test_training import TUNED, trainer_in


def test_a_tuned_run_begins_as_the_trained_network_and_moves_its_hint_side_alone(tmp_path: Path) -> None:
    torch.manual_seed(0)
    trained = VARIANTS["squeeze"]()
    for parameter in trained.parameters():
        parameter.data += 0.02 * torch.randn_like(parameter)
    tuner = trainer_in(tmp_path, TUNED)
    tuner.start_from(trained.state_dict())
    lightness, _ab, hint_ab, hint_mask, *transferred = tuner._make_batch(0, TUNED.phases[0])
    with torch.no_grad():
        given = lightness, hint_ab, hint_mask, tuple(transferred)
        assert torch.allclose(tuner.network(*given).ab, trained(*given).ab, atol=1e-5)
    for step in range(3):
        tuner._learn(tuner._make_batch(step, TUNED.phases[0]), 0.0)
    before, after = trained.state_dict(), summed(tuner.weights())
    assert after.keys() == before.keys()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert {"to_ab.weight", "hint_in.weight", "hint_down.0.weight"} <= changed
    assert not any(name.startswith(("lightness_", "bins", "transfer_in", "to_gate")) for name in changed)


def test_a_file_keeps_large_kernels_as_they_were_and_what_is_added_beside(tmp_path: Path) -> None:
    tuner = trainer_in(tmp_path / "run", TUNED)
    begun, tuned = tmp_path / "begun.safetensors", tmp_path / "tuned.safetensors"
    save_weights(begun, in_few_levels(VARIANTS["squeeze"]().state_dict()), "squeeze")
    tuner.start_from(read_weights(begun, "squeeze"))
    for step in range(3):
        tuner._learn(tuner._make_batch(step, TUNED.phases[0]), 0.0)
    save_weights(tuned, in_few_levels(tuner.weights()), "squeeze")
    kept, stored = load_file(begun), load_file(tuned)
    assert torch.equal(stored["hint_down.0.weight"], kept["hint_down.0.weight"])
    assert "hint_down.0.weight.up" in stored
    expected = summed(tuner.weights())
    for name, value in load_network(tuned, "squeeze").state_dict().items():
        near = (value - expected[name]).abs().max() <= 0.05 * expected[name].abs().max() + 1e-4
        assert near, name


def test_what_a_run_added_goes_on_learning_at_a_larger_rank_and_is_summed_at_none(tmp_path: Path) -> None:
    first = trainer_in(tmp_path / "first", TUNED)
    first.start_from(VARIANTS["squeeze"]().state_dict())
    for step in range(3):
        first._learn(first._make_batch(step, TUNED.phases[0]), 0.0)
    learned = first.weights()
    for rank in (4, 0):
        second = trainer_in(tmp_path / str(rank), replace(TUNED, hint_side_rank=rank, learns_deep_lightness=True))
        second.start_from(learned)
        begun, expected = summed(second.weights()), summed(learned)
        assert all(torch.allclose(begun[name], expected[name], atol=1e-6) for name in expected)
        kernel = second.weights()["hint_down.0.weight"]
        assert torch.equal(kernel, learned["hint_down.0.weight"]) == (rank > 0)


def test_the_mean_of_two_tuned_runs_adds_to_the_same_kernels(tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.safetensors" for name in ("first", "second", "mean", "whole", "other")]
    begun = VARIANTS["squeeze"]()
    for number, file in enumerate(files[:2]):
        tuner = trainer_in(tmp_path / str(number), TUNED)
        tuner.start_from(begun.state_dict())
        for step in range(3):
            tuner._learn(tuner._make_batch(10 * number + step, TUNED.phases[0]), 0.0)
        save_weights(file, in_few_levels(tuner.weights()), "squeeze")
    average = ["train", "average", "--variant", "squeeze", "--export"]
    assert main([*average, str(files[2]), *map(str, files[:2])]) == 0
    assert load_file(files[2])["hint_down.0.weight.up"].shape == load_file(files[0])["hint_down.0.weight.up"].shape
    first, second, mean = (load_network(file, "squeeze").state_dict() for file in files[:3])
    start = (
        load_file(files[0])["hint_down.0.weight"] * load_file(files[0])["hint_down.0.weight.step"][:, None, None, None]
    )
    added = [state["hint_down.0.weight"] - start for state in (first, second, mean)]
    wanted = 0.5 * (added[0] + added[1])
    assert (added[2] - wanted).norm() < 0.75 * wanted.norm()
    # The beginning itself counts as a run that adds nothing.
    save_weights(files[4], in_few_levels(begun.state_dict()), "squeeze")
    assert main([*average, str(files[3]), *map(str, (files[4], files[0], files[1]))]) == 0
    third = load_network(files[3], "squeeze").state_dict()["hint_down.0.weight"] - start
    assert (third - 2.0 / 3.0 * added[2]).norm() < 0.1 * added[2].norm()
    # A run that began elsewhere has other kernels: the mean is whole.
    save_weights(files[4], in_few_levels(VARIANTS["squeeze"]().state_dict()), "squeeze")
    assert main([*average, str(files[3]), str(files[0]), str(files[4])]) == 0
    assert "hint_down.0.weight.up" not in load_file(files[3])
    other, whole = (load_network(file, "squeeze").state_dict()["to_ab.weight"] for file in (files[4], files[3]))
    assert torch.allclose(whole, 0.5 * (first["to_ab.weight"] + other), atol=1e-3)


def test_the_mean_of_some_parts_goes_into_a_network_that_stays_as_it_was_elsewhere(tmp_path: Path) -> None:
    base, tuned, result = (tmp_path / f"{name}.safetensors" for name in ("base", "tuned", "result"))
    save_weights(base, in_few_levels(VARIANTS["squeeze"]().state_dict()), "squeeze")
    tuner = trainer_in(tmp_path / "run", TUNED)
    tuner.start_from(read_weights(base, "squeeze"))
    for step in range(3):
        tuner._learn(tuner._make_batch(step, TUNED.phases[0]), 0.0)
    save_weights(tuned, in_few_levels(tuner.weights()), "squeeze")
    graft = ["train", "average", str(tuned), "--variant", "squeeze", "--export", str(result), "--into", str(base)]
    assert main([*graft, "--only", "hint_in,hint_down"]) == 0
    before, learned, after = (load_network(file, "squeeze").state_dict() for file in (base, tuned, result))
    for name in before:
        source = learned if name.startswith(("hint_in", "hint_down")) else before
        assert torch.allclose(after[name], source[name], atol=0.1 * float(source[name].abs().max()) + 1e-3), name
    assert not torch.equal(after["hint_down.0.weight"], before["hint_down.0.weight"])
    assert main([*graft, "--only", "hint_im"]) == 2
    assert main(graft) == 2
