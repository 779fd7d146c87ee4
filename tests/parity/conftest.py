"""The versions that the numbers are of, at the head of every run."""
import importlib.metadata
import platform


def pytest_report_header():
    def version(package):
        try:
            return importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            return "not installed"

    packages = ("torch", "transformers", "safetensors", "numpy", "llama-cpp-python", "tokenizers")
    return f"{platform.machine()}, " + ", ".join(f"{p} {version(p)}" for p in packages)
