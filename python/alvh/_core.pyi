__all__ = ["AlvhError", "__version__", "simd_variant"]

__version__: str

class AlvhError(ValueError): ...

def simd_variant() -> str: ...
