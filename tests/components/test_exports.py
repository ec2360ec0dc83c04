"""`components` exports every public component with its arguments, so that a program needs no other import."""

import inspect
import pkgutil
from importlib import import_module
from typing import is_typeddict

import pulumi

import components


def test_each_component_and_its_arguments_are_exported() -> None:
    modules = [
        import_module(f"components.{each.name}")
        for each in pkgutil.iter_modules(components.__path__)
        if not each.ispkg  # the parts of components are not public
    ]
    classes = [
        found
        for module in modules
        for found in vars(module).values()
        if inspect.isclass(found)
        and issubclass(found, pulumi.ComponentResource)
        and found.__module__ == module.__name__
    ]
    taken = [each.annotation for found in classes for each in inspect.signature(found.__init__).parameters.values()]
    names = {each.__name__ for each in [*classes, *(each for each in taken if is_typeddict(each))]}
    assert sorted(names) == sorted(components.__all__)
