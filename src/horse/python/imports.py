"""A step for the moment when a module is imported, for those who pay for nothing before."""
from importlib.util import find_spec


class Hook:
    """Waits in `sys.meta_path` for the import of one module and calls back once it has run."""

    def __init__(self, name, then):
        self.name = name
        self.then = then
        self.searching = False

    def find_spec(self, name, path=None, target=None):
        """The spec that the other finders give, with a loader that calls back."""
        if name != self.name or self.searching:
            return None
        self.searching = True
        try:
            spec = find_spec(name)
        finally:
            self.searching = False
        if spec is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = Relay(spec.loader, self.then)
        return spec


class Relay:
    """Stands in for a module's loader until it is loaded; then everything is as if it had not been there."""

    def __init__(self, loader, then):
        self.loader = loader
        self.then = then

    def create_module(self, spec):
        """As the loader does it."""
        return self.loader.create_module(spec)

    def exec_module(self, module):
        """Runs the module, then calls back."""
        module.__spec__.loader = module.__loader__ = self.loader
        self.loader.exec_module(module)
        self.then(module)
