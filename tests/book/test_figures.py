"""Figures need alt text, follow the theme and are the same bytes each time."""

import re

import matplotlib
import matplotlib.pyplot as plt
import pytest

matplotlib.use("Agg")

from boltzlib.book import show_figure, show_frames
from boltzlib.book.figures import C1, INK, Figure, draw_signed_squares, new_figure

ALT = "A straight line that rises from the lower left to the upper right corner."


def draw(alt=ALT):
    figure, axes = new_figure()
    axes.plot([0, 1], [0, 1], color=C1, marker="o")
    axes.set_title("Rise", color=INK)
    return show_figure(figure, alt=alt, caption="A line <here>.")


def test_alt_text_is_required():
    for missing in ("", "a line", None):
        with pytest.raises(ValueError, match="alt"):
            draw(missing)


def test_svg_is_accessible_and_follows_the_theme():
    html = draw()._repr_html_()
    assert f'aria-label="{ALT}"' in html and 'role="img"' in html
    assert "var(--book-c1" in html and "var(--book-ink" in html
    assert C1 not in re.sub(r"var\([^)]*\)", "", html)
    assert "A line &lt;here&gt;." in html


def test_only_a_narrow_figure_may_shrink_on_a_small_screen():
    figure, _ = new_figure(size=(3.6, 3.6))
    assert "min-width:0" in show_figure(figure, alt=ALT).svg
    figure, _ = new_figure(size=(3.62, 3.6))
    assert "min-width" not in show_figure(figure, alt=ALT).svg


def test_bytes_are_stable_and_ids_do_not_clash():
    first, second, other = draw().svg, draw().svg, draw(ALT + " Again.").svg
    assert first == second
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (first, other)]
    assert not ids[0] & ids[1]
    for svg, names in zip((first, other), ids, strict=True):
        assert set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg)) <= names


def test_nothing_of_matplotlibs_boilerplate_is_left():
    svg = draw().svg
    assert "<metadata>" not in svg and "<!--" not in svg and "matplotlib" not in svg
    assert "<g >" not in svg


def test_frames_step_without_a_script():
    frames = [draw(f"{ALT} Step {k}.") for k in range(1, 4)]
    html = show_frames(frames, caption="Three <steps>.")._repr_html_()
    assert html == show_frames(frames, caption="Three <steps>.")._repr_html_()
    assert "<script" not in html and "Three &lt;steps&gt;." in html
    ids = re.findall(r'<input type="radio" name="(\w+)" id="([\w-]+)"', html)
    assert [i for _, i in ids] == [f"{ids[0][0]}-{k}" for k in (1, 2, 3)]
    assert html.count(" checked>") == 1 and re.search(r'-1" aria-label="Frame 1" checked>', html)
    assert re.findall(r'<label for="([\w-]+)"', html) == [i for _, i in ids]
    for k, frame in enumerate(frames, start=1):
        assert f'<div class="book-frame book-frame-{k}">{frame.svg}' in html
        assert f"#{ids[k - 1][1]}:checked~.book-frame-{k}{{display:block}}" in html
    other = show_frames(frames[:2])._repr_html_()
    assert ids[0][0] not in other


def test_frames_are_two_or_more_that_differ():
    with pytest.raises(ValueError, match="frames: expected at least 2 figures, got 1"):
        show_frames([draw()])
    with pytest.raises(ValueError, match="frames: expected an alt text of its own"):
        show_frames([draw(), draw()])


def test_signed_squares_have_the_absolute_value_as_their_area():
    figure, axis = new_figure()
    draw_signed_squares(axis, [[4.0, 0.0, -1.0], [0.25, 9.0, -4.0]], largest=4.0, side=0.8)
    squares = {
        (round(s.get_x() + s.get_width() / 2, 9), round(s.get_y() + s.get_height() / 2, 9)): s
        for s in axis.patches
    }
    sides = {place: round(square.get_width() / 0.8, 9) for place, square in squares.items()}
    assert sides == {(0, 0): 1, (2, 0): 0.5, (0, 1): 0.25, (1, 1): 1, (2, 1): 1}  # 9 like 4
    filled = {place for place, square in squares.items() if square.get_facecolor()[3] > 0}
    assert filled == {(0, 0), (0, 1), (1, 1)}
    assert axis.get_xlim() == (-0.6, 2.6) and axis.get_ylim() == (1.6, -0.6)  # rows go down
    show_figure(figure, alt=ALT)


def test_a_new_figure_has_the_books_style():
    figure, axes = new_figure(2, 3)
    assert axes.shape == (2, 3) and tuple(figure.get_size_inches()) == (6.4, 3.6)
    shown = [side for side, spine in axes[0, 0].spines.items() if spine.get_visible()]
    assert sorted(shown) == ["bottom", "left"]
    (line,) = axes[0, 0].plot([0, 1], label="rise")
    assert line.get_color() == C1 and not axes[0, 0].legend().get_frame_on()
    show_figure(figure, alt=ALT)


def test_a_figure_is_closed_when_it_is_shown():
    figure, _ = new_figure()
    show_figure(figure, alt=ALT)
    assert not plt.fignum_exists(figure.number)


def test_an_alt_text_has_forty_characters_or_more():
    assert draw("x" * 40).alt == "x" * 40
    with pytest.raises(ValueError, match="40 characters"):
        draw("x" * 39)


def test_the_page_shows_through():
    figure, _ = new_figure(facecolor="#fedcba")
    assert "#fedcba" not in show_figure(figure, alt=ALT).svg


def test_a_quotation_mark_does_not_end_the_alt_text():
    assert 'aria-label="Say &quot;A' in draw(f'Say "{ALT}"').svg


def test_the_width_is_given_in_pixels_of_which_an_inch_has_96():
    figure, _ = new_figure(size=(3.0, 2.0))
    svg = show_figure(figure, alt=ALT).svg
    assert re.match(r'<svg [^>]*\bwidth="288" role', svg) and 'viewBox="0 0 216 144"' in svg


def test_figures_that_differ_in_their_caption_alone_share_no_names():
    ids = []
    for caption in ("One.", "Two."):
        figure, axes = new_figure(size=(2.0, 2.0))
        axes.plot([0, 1], marker="o")
        svg = show_figure(figure, alt=ALT, caption=caption).svg
        ids.append(set(re.findall(r'\bid="([^"]+)"', svg)))
    assert ids[0] and not ids[0] & ids[1]


def test_a_name_in_a_stylesheet_begins_with_a_letter():
    for k in range(20):
        html = show_frames([Figure(f"<svg>{k}{j}</svg>", f"{j}", "") for j in "ab"])._repr_html_()
        assert re.search(r'name="([^"]+)"', html).group(1)[0].isalpha()


def test_squares_of_a_table_do_not_touch():
    figure, axis = new_figure()
    draw_signed_squares(axis, [[1.0, -1.0]], largest=1.0)
    assert all(0.5 < square.get_width() < 1 for square in axis.patches)
    show_figure(figure, alt=ALT)
