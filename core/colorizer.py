"""The colorizer as everything else sees it: lightness and hints in, chroma out, at any size."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .chroma import upsample_planes
from .color import lightness_from_srgb
from .devices import choose_device, computes_in_bfloat16
from .face_finding import FaceFinder, FoundFace
from .faces import Faces
from .gist_prior import GistPrior, beside_hints
from .hint_kind import SMALL_PARTS, aloneness, smallness, strictness, surprise
from .hint_reach import imposed, unhinted_share, with_far_gain
from .hint_things import fewness, keptness
from .job import WORKING_SIZES
from .looks import Held, Look, Seen, heard, told_by, unsurprising_part
from .nets.blocks import freeze
from .nets.exemplar import Exemplar, together
from .nets.face import SHIPPED_FACE, load_face
from .nets.gist import SHIPPED_GIST, load_gist
from .nets.two_tower import AB_SCALE, FOLD, Colors, TwoTower
from .nets.weights_file import load_network, shipped_weights
from .saturation import saturated
from .seen_picture import SeenPicture, at_working_size, check_planes, padded, planes_of
from .skin import SkinHints, on_features, skin_hints, skin_share, with_skin_hints
from .suggestions import Suggestion, distinct_colors
from .transferred import Transferred
from .uncertainty import expected_square_error

# The squeeze variant is for where little is wanted, and the gist network has six times its parameters.
_WITH_GIST = {"two-tower"}


class Colorizer:
    """A colorizer with its weights, ready on a device. Make one with `Colorizer.load`."""

    def __init__(
        self,
        variant: str,
        network: TwoTower,
        gist: GistPrior | None,
        faces: Faces,
        digest: str,
        device: str,
        working_size: int,
    ) -> None:
        self.device, self.digest, self.working_size = device, digest, working_size
        self._small_parts = SMALL_PARTS[variant]
        self._gist, self._faces = gist, faces
        self.finder = FaceFinder(faces)
        self._last_seen = _LastSeen()
        self._in_bfloat16 = computes_in_bfloat16(device)
        self._encoded: tuple[bytes, _Encoded] | None = None
        self._network = freeze(network).eval().to(device)
        # torch's stubs do not know Module.to's memory_format.
        self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @classmethod
    def load(
        cls,
        variant: str = "two-tower",
        device: str = "auto",
        *,
        weights: str | Path | None = None,
        working_size: int = 256,
    ) -> Colorizer:
        """variant: "two-tower" or "squeeze". weights: a .safetensors file instead of the one that ships.

        working_size: the short side, in pixels, at which the network sees a larger picture.
        Raises InputError for weights that are missing, damaged or another network's, and for a missing device.
        """
        path = Path(weights) if weights is not None else shipped_weights(variant)
        network = load_network(path, variant)
        low, high = WORKING_SIZES
        if not low <= working_size <= high:
            raise ValueError(f"working_size is {working_size}, and must be {low} to {high}")
        device, files, gist = choose_device(device), [path, SHIPPED_FACE], None
        if variant in _WITH_GIST:
            files.append(SHIPPED_GIST)
            gist = GistPrior(load_gist(), device)
        digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
        return cls(variant, network, gist, Faces(load_face(), device), digest, device, working_size)

    @torch.inference_mode()
    def predict(
        self,
        lightness: np.ndarray,
        hint_ab: np.ndarray,
        hint_mask: np.ndarray,
        *,
        saturation: float = 0.0,
        transferred: Transferred | None = None,
        sureness: float = 1.0,
        mirrored: bool = False,
        exemplars: Sequence[Exemplar] = (),
        small: float | None = None,
        faces: Sequence[FoundFace] | None = None,
    ) -> np.ndarray:
        """The chroma of a picture.

        lightness: float32 (H, W), L* 0..100. hint_ab: float32 (H, W, 2); hint_mask: bool (H, W), where hint_ab
        holds. saturation: 0 is the mean prediction, 1 the most saturated of the likely colours; hinted regions
        do not change. transferred: colours brought from keyframes and references, of the picture's size. sureness:
        above 0 to 1, how much the hints count; less than 1 for hints that may have slipped. mirrored: look at the
        picture's mirror image, too, and take the mean: 0.03 dB at 10 and 20 hints, for twice the time. exemplars: what
        `remember` gave of other pictures, whose colours are heard of where things look like theirs. small: how small
        the things are that hints are on, 0..1; None: as small as the picture tells. faces: those in the picture, which
        have a colour of skin where no hint is on them and nothing is transferred; None: those that are found in it.
        Returns ab float32 (H, W, 2); where sureness is 1, equal to hint_ab under hint_mask.
        Raises ValueError for shapes that do not fit or values that are not finite.
        """
        check_planes(lightness, hint_ab, hint_mask)
        if not 0.0 <= saturation <= 1.0:
            raise ValueError(f"saturation is {saturation}, and must be 0 to 1")
        if not 0.0 < sureness <= 1.0:
            raise ValueError(f"sureness is {sureness}, and must be above 0 and at most 1")
        if transferred is not None:
            transferred.check(lightness.shape)
        full, hints, mask = planes_of(lightness, hint_ab, hint_mask)
        seen, seen_hints, seen_mask = at_working_size(full, hints, mask, self.working_size)
        told, told_mask, brought = seen_hints, seen_mask * sureness, None
        recalled = together(exemplars) if any(one.is_hinted for one in exemplars) else None
        if transferred is not None:
            brought_ab, confidence, leads = transferred.planes_at((seen.shape[0], seen.shape[1]))
            told = torch.where(told_mask > 0, told, brought_ab * leads)
            told_mask, brought = torch.maximum(told_mask, leads), (brought_ab, confidence)
        height, width = seen.shape
        if transferred is not None:
            faces = ()
        elif faces is None:
            faces = self.finder.found(seen.numpy())
        # Lips tell nothing of cheeks: hints there are imposed on the answer alone.
        features = on_features(faces, told, told_mask)
        told, told_mask = told * ~features, told_mask * ~features
        picture = padded(seen, told, told_mask, brought)
        skin = skin_hints(faces, picture, width)
        apart = None if skin is None else skin.mask
        looks = [self._look(picture, recalled, apart)]
        if mirrored:
            brought = None if brought is None else (brought[0].flip(-1), brought[1].flip(-1))
            turned_picture = padded(seen.flip(-1), told.flip(-1), told_mask.flip(-1), brought)
            apart = None if apart is None else F.pad(apart[:, :width].flip(-1), (0, apart.shape[1] - width))
            looks.append(self._look(turned_picture, recalled, apart))
        told_of = told_by(looks, width / FOLD)
        answers = [self._answer(*parts, saturation, small) for parts in zip(looks, told_of, strict=True)]
        ab, *turned = (answer[:, :height, :width] for answer in answers)
        if mirrored:
            ab = 0.5 * (ab + turned[0].flip(-1))
        if skin is not None and (needed := skin.needed(ab)) is not None:
            ab = self._with_skin(ab, looks[0], needed, recalled)
        if sureness == 1.0:
            ab = imposed(ab, seen, seen_hints, features.float(), closely=True)
            ab = imposed(ab, seen, seen_hints, seen_mask)
        ab = upsample_planes(ab, full) if ab.shape[-2:] != full.shape else ab
        if sureness == 1.0:
            ab = torch.where(mask > 0, hints, ab)
        return np.ascontiguousarray(np.moveaxis(ab.numpy(), 0, -1))

    @torch.inference_mode()
    def remember(self, lightness: np.ndarray, hint_ab: np.ndarray, hint_mask: np.ndarray) -> Exemplar:
        """What other pictures may recall of this one, as `predict` takes it.

        lightness, hint_ab, hint_mask: as in `predict`. Raises ValueError for shapes that do not fit or values that are
        not finite.
        """
        check_planes(lightness, hint_ab, hint_mask)
        seen = padded(*at_working_size(*planes_of(lightness, hint_ab, hint_mask), self.working_size))
        colors = self._forward(seen, explain=bool(seen.mask.any()))
        if colors.told is None:
            return colors.exemplar
        counting, told_of, unhinted = seen, colors, _unhinted(seen)
        if strictness(unhinted, 1.0) > 0.0:
            # What surprises is held to its kind whatever its size.
            unaided = self._forward(seen.unaided()).bin_logits[0].float().cpu()
            others = unsurprising_part(seen, surprise(seen.hints, seen.mask, unaided))
            if others is not None:
                counting, told_of = others, self._forward(others, explain=True)
        small = smallness(_told(told_of), counting.hints, counting.mask, self._small_parts)
        return replace(colors.exemplar, small=small, few=fewness(unhinted, seen.hints, seen.mask))

    def suggest(
        self,
        frame: np.ndarray,
        x: float,
        y: float,
        n: int = 9,
        hint_ab: np.ndarray | None = None,
        hint_mask: np.ndarray | None = None,
    ) -> list[Suggestion]:
        """Distinct plausible colours at a point, the most plausible first.

        frame: a picture uint8 or uint16 (H, W, 3) sRGB, or its lightness float32 (H, W). x, y: 0..1, right and down
        from the top-left corner. n: how many; near black and white fewer are distinct. hint_ab, hint_mask: as in
        `predict`, the hints that are there already. The last picture stays encoded: more points of it take no run
        of the network. Raises ValueError for a point outside the picture, n below 1, and what `predict` refuses.
        """
        if not (0.0 <= x <= 1.0 and 0.0 <= y <= 1.0):
            raise ValueError(f"the point is ({x}, {y}), and must be within 0 to 1")
        if n < 1:
            raise ValueError(f"n is {n}, and must be 1 or more")
        encoded = self._encode(frame, hint_ab, hint_mask)
        row, column = (
            min(int(place * size), size - 1) for place, size in zip((y, x), encoded.lightness.shape, strict=True)
        )
        probability = encoded.colors.bin_logits[0, :, row // 8, column // 8].float().softmax(0).cpu()
        around = encoded.lightness[max(0, row - 2) : row + 3, max(0, column - 2) : column + 3]
        return distinct_colors(probability, float(around.mean()), n)

    def uncertainty(
        self, frame: np.ndarray, hint_ab: np.ndarray | None = None, hint_mask: np.ndarray | None = None
    ) -> np.ndarray:
        """Where the next hint would help most: float32 (H, W), the squared ab error to expect around each pixel.

        frame, hint_ab, hint_mask: as in `suggest`. Raises what `predict` raises.
        """
        encoded = self._encode(frame, hint_ab, hint_mask)
        height, width = encoded.lightness.shape
        with torch.inference_mode():
            error = expected_square_error(encoded.colors.bin_logits[..., : -(-height // 8), : -(-width // 8)])
        size = frame.shape[:2]
        return F.interpolate(error[None, None], size=size, mode="bilinear", align_corners=False)[0, 0].numpy()

    @torch.inference_mode()
    def _encode(self, frame: np.ndarray, hint_ab: np.ndarray | None, hint_mask: np.ndarray | None) -> _Encoded:
        """What the network says of a picture at working size; the last one's is kept."""
        size = frame.shape[:2]
        hint_ab = np.zeros((*size, 2), np.float32) if hint_ab is None else hint_ab
        hint_mask = np.zeros(size, bool) if hint_mask is None else hint_mask
        parts = (np.ascontiguousarray(part) for part in (frame, hint_ab, hint_mask))
        key = b"".join(hashlib.blake2b(part.data, digest_size=16).digest() for part in parts)
        kept = self._encoded
        if kept is None or kept[0] != key:
            lightness = lightness_from_srgb(frame) if frame.ndim == 3 else np.asarray(frame, np.float32)
            check_planes(lightness, hint_ab, hint_mask)
            seen, hints, mask = at_working_size(*planes_of(lightness, hint_ab, hint_mask), self.working_size)
            kept = self._encoded = key, _Encoded(seen, self._forward(padded(seen, hints, mask)))
        return kept[1]

    def _look(self, picture: SeenPicture, exemplars: Exemplar | None, apart: Tensor | None) -> Look:
        """What the network says of a picture, and how far it is believed. apart: as in `Look`; with it, what hints tell
        is given though they speak for themselves."""
        lightness, _, mask, brought = picture
        unhinted = _unhinted(picture)
        hinted, explain = bool(mask.any()), apart is not None
        strict, kept = self._strictness(picture, unhinted) if hinted and brought is None else (0.0, 0.0)
        told_of = hinted or exemplars is not None
        if brought is not None:
            sureness = F.interpolate(brought[1][None], size=unhinted.shape, mode="area")[0, 0]
            unhinted, told_of = unhinted * (1.0 - sureness), told_of or bool(sureness.any())
        if max(strict, kept) == 0.0 and told_of:
            return self._free_look(picture, unhinted, exemplars, explain=hinted and explain)
        colors = self._forward(picture.unaided())
        otherwise = None if self._gist is None else self._gist.change(lightness, colors.ab[0].float().cpu())
        unaided = _seen(colors, None, otherwise)
        if not hinted:
            return Look(picture, unhinted, unaided)
        surprising = surprise(picture.hints, mask, unaided.bin_logits)
        if strict == 0.0 and not surprising.any():
            return self._free_look(picture, unhinted, exemplars, explain=hinted and explain)
        others = unsurprising_part(picture, surprising)
        on_faces = self._on_faces(picture, unhinted) if others is None else torch.zeros_like(surprising)
        held = Held(strict, kept, surprising, on_faces, unaided)
        look = self._hinted_look(picture, unhinted, exemplars, otherwise, held)._replace(apart=apart)
        if others is None:
            return look
        unhinted = _unhinted(others)
        strict = strictness(unhinted, float(others.mask.max()))
        held = Held(strict, 0.0, torch.zeros_like(surprising), self._on_faces(others, unhinted), unaided)
        return look._replace(others=self._hinted_look(others, unhinted, exemplars, otherwise, held))

    def _free_look(self, picture: SeenPicture, unhinted: Tensor, exemplars: Exemplar | None, *, explain: bool) -> Look:
        """What the network says of a picture whose hints speak for themselves. explain: whether it is told what they
        tell."""
        colors = self._forward(picture, explain=explain, exemplars=exemplars)
        return Look(picture, unhinted, _seen(colors, unhinted), told=_told(colors) if explain else None)

    @staticmethod
    def _strictness(picture: SeenPicture, unhinted: Tensor) -> tuple[float, float]:
        """How far hints are held to their kind, and how far those that surprise are kept to their things."""
        weight = float(picture.mask.max())
        strict = strictness(unhinted, weight)
        # It takes two more runs of the network, and of followed hints every frame has some.
        share = 1.0 if weight == 1.0 else strict
        return strict, share * keptness(unhinted, picture.hints, picture.mask) if share > 0.0 else 0.0

    def _on_faces(self, picture: SeenPicture, unhinted: Tensor) -> Tensor:
        """How surely each of few hints is of skin, and on a face: (h, w) of cells, as hint_kind.surprise. unhinted: of
        `_unhinted`."""
        lightness, hints, mask, _ = picture
        cells = mask.shape[0] // 8, mask.shape[1] // 8
        alone = aloneness(unhinted, hints, mask)
        if alone == 0.0:
            return torch.zeros(cells)
        return alone * F.adaptive_max_pool2d(self._faces.hinted(lightness, hints, mask)[None], cells)[0]

    def _hinted_look(
        self,
        picture: SeenPicture,
        unhinted: Tensor,
        exemplars: Exemplar | None,
        otherwise: Tensor | None,
        held: Held,
    ) -> Look:
        """What the network says of a picture whose few hints are held to their kind. otherwise: of GistPrior.change."""
        prior = None if otherwise is None else beside_hints(otherwise, unhinted)
        colors = self._forward(picture, explain=True, prior=prior, exemplars=exemplars)
        return Look(picture, unhinted, _seen(colors, unhinted), held, _told(colors))

    def _with_skin(self, ab: Tensor, look: Look, skin: SkinHints, exemplars: Exemplar | None) -> Tensor:
        """ab (2, h, w) in Lab units with faces that no hint is on in a colour of skin."""
        height, width = ab.shape[1:]
        picture = with_skin_hints(look.picture, skin)
        colors = self._forward(picture, explain=True, exemplars=exemplars)
        told = _told(colors) if look.told is None else (_told(colors) - look.told).clamp(min=0.0)
        answer = _seen(colors, _unhinted(picture)).ab
        share = skin_share(look.picture, skin, told, look.seen.ab, answer)
        answer = upsample_planes(answer, picture.lightness)[:, :height, :width]
        share = F.interpolate(share[None, None], size=picture.mask.shape, mode="bilinear", align_corners=False)[0, 0]
        return ab.lerp(answer, share[:height, :width])

    def _answer(self, look: Look, told: Tensor | None, saturation: float, small: float | None) -> Tensor:
        """ab (2, h, w) in Lab units. told: as in `Look`, of this look or of several. small: as in `predict`."""
        ab, vivid = heard(look, told, self._small_parts, small, vivid=saturation > 0.0)
        if vivid is not None:
            ab = saturated(ab, look.unhinted, vivid, saturation)
        return upsample_planes(ab, look.picture.lightness)

    def _forward(
        self,
        picture: SeenPicture,
        *,
        explain: bool = False,
        prior: Tensor | None = None,
        exemplars: Exemplar | None = None,
    ) -> Colors:
        """The network's answer."""
        lightness, hints, mask, brought = picture
        inputs = [part[None].to(self.device) for part in (lightness[None], hints, mask[None])]
        seen = self._last_seen
        with torch.autocast("cpu", torch.bfloat16, enabled=self._in_bfloat16):
            if seen.lightness is not lightness:
                seen.lightness, seen.levels = lightness, self._network.see_lightness(inputs[0])
            return self._network(
                *inputs,
                None if brought is None else tuple(part[None].to(self.device) for part in brought),
                explain=explain,
                prior=None if prior is None else prior[None].to(self.device),
                exemplars=exemplars,
                levels=seen.levels,
            )


class _LastSeen(threading.local):
    """A thread's last picture and what the network sees of its lightness, whatever the hints are."""

    lightness: Tensor | None = None
    levels: Sequence[Tensor] = ()


class _Encoded(NamedTuple):
    """A picture's lightness (h, w) at working size, and what the network says of it, padded."""

    lightness: Tensor
    colors: Colors


def _told(colors: Colors) -> Tensor:
    """Colors.told of the one picture, (h/4, w/4), that was asked for."""
    assert colors.told is not None
    return colors.told[0, 0].float().cpu()


def _unhinted(picture: SeenPicture) -> Tensor:
    """As hint_reach.unhinted_share, (h/2, w/2)."""
    lightness = picture.lightness
    return unhinted_share(lightness, picture.mask, (lightness.shape[0] // 2, lightness.shape[1] // 2))


def _seen(colors: Colors, unhinted: Tensor | None, change: Tensor | None = None) -> Seen:
    """What is seen of the one picture, at its mean, not below it, where hints do not reach. unhinted: (h/2, w/2), 0..1;
    None without any. change: to add, (2, h/4, w/4) in the network's units."""
    ab = colors.ab[0].float().cpu()
    if change is not None:
        ab = ab + F.interpolate(change[None], size=ab.shape[-2:], mode="bilinear", align_corners=False)[0]
    everywhere = torch.ones(ab.shape[-2:])
    ab = with_far_gain(ab * AB_SCALE, everywhere if unhinted is None else unhinted, unhinted is not None)
    return Seen(ab, colors.bin_logits[0].float().cpu())
