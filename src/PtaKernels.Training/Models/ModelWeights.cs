using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>Tensors by name, in a fixed order; owns them.</summary>
public sealed class ModelWeights : IDisposable
{
    private readonly List<string> _names = [];
    private readonly Dictionary<string, Tensor> _tensors = [];

    /// <summary>Names in the order they were added.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>The tensor of this name.</summary>
    /// <exception cref="KeyNotFoundException">There is none: a defect, since loading checks names and shapes.</exception>
    public Tensor this[string name] => _tensors[name];

    /// <summary>The tensor of this name, or null.</summary>
    public Tensor? Find(string name) => _tensors.GetValueOrDefault(name);

    /// <summary>Adds a tensor, which from now on is owned here and outlives dispose scopes.</summary>
    public void Add(string name, Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        _tensors.Add(name, tensor.DetachFromDisposeScope());
        _names.Add(name);
    }

    /// <summary>Puts another tensor of the same shape in a name's place and frees the old one.</summary>
    public void Replace(string name, Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        Tensor old = _tensors[name];
        _tensors[name] = tensor.DetachFromDisposeScope();
        old.Dispose();
    }

    /// <summary>Frees all.</summary>
    public void Dispose()
    {
        foreach (Tensor tensor in _tensors.Values)
            tensor.Dispose();
        _tensors.Clear();
        _names.Clear();
    }
}
