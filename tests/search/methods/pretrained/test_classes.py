from search.methods.pretrained.classes import image_classes


def test_classes_stand_in_the_order_of_the_logits() -> None:
    found = image_classes()
    assert len(found) == 1000
    assert [each.synset for each in found] == sorted({each.synset for each in found})
    assert found[0].words == ("tench", "Tinca tinca")
    assert found[281].words == ("tabby", "tabby cat")
    assert found[999].words == ("toilet tissue", "toilet paper", "bathroom tissue")
