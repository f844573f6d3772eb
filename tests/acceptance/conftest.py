"""The comparison of the calls that were made with those that are allowed comes last: it is about all that went before."""


def pytest_collection_modifyitems(items) -> None:
    items.sort(key=lambda item: item.path.name == "test_least_privilege.py")
