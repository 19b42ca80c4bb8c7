"""The pictures of generated radiographs: the README's, and that of guide/pictures.md.

python docs/phantom_pictures.py    writes docs/img/search.png and docs/img/density.png
"""

import tempfile
from pathlib import Path

from gazesearch import Scanpaths, drawing
from gazesearch.datasets.phantom import Observer, write_phantom
from gazesearch.images import ImageFolder
from gazesearch.models import decoding
from gazesearch.models.controls import RandomTrainPath
from gazesearch.prediction import Requests

IMG = Path(__file__).parent / "img"
SCREEN = (224, 224)
DPI = 100  # about as wide as a page; twice that would be over 200 kB


def main():
    with tempfile.TemporaryDirectory() as folder:
        dataset = write_phantom(folder, images=30, observers=3, rng=0)
        images, people = ImageFolder(dataset.root / "images"), dataset.scanpaths
        search(people, images, image="phantom-0021.png", finding="pneumothorax")
        density(people, images, image="phantom-0027.png", finding="pneumonia")


def search(people, images, *, image, finding):
    """A person's path beside a typical one and one that never saw the image."""
    request = Requests.make([image], finding, screen_size=SCREEN)
    control = RandomTrainPath().fit(people.where(split="train"))
    sources = {
        "one person": people.where(image=image, finding=finding, subject=1),
        "typical of 64 people": decoding.typical(Observer(), request, images=images, rng=0),
        "without the image": control.predict(request, rng=0),
    }
    title = f"search for {finding} on a generated radiograph"
    figure = drawing.draw(sources, image=images[image], layout="side-by-side", title=title)
    drawing.save(figure, IMG / "search.png", dpi=DPI)


def density(people, images, *, image, finding):
    """A person's first two fixations, and the mass from which the third was drawn."""
    person = people.where(image=image, finding=finding, subject=1)
    begun = Scanpaths.of(
        [person[0].fixations[:2]],
        image=[image],
        finding=finding,
        screen_size=SCREEN,
        target_boxes=person.target_boxes,
    )
    told = Observer().next_fixation(Requests.of(person), begun, images=images)
    figure = drawing.draw({"one person so far": begun}, image=images[image], density=told, width=4)
    drawing.save(figure, IMG / "density.png", dpi=DPI)


if __name__ == "__main__":
    main()
