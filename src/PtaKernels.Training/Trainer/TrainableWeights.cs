using static TorchSharp.torch;

namespace PtaKernels.Training;

/// <summary>What a run trains, end to end in flat buffers: the model's weights become views of them.</summary>
/// <remarks>
/// Masters and sums of gradients are float32. Under float32 the model computes with the masters themselves and backward adds straight into the sums; under bfloat16 it has a copy
/// of both, and <see cref="Collect"/> adds a micro-batch's gradients to the sums. Matrices come first: only they decay.
/// </remarks>
internal sealed class TrainableWeights : IDisposable
{
    private readonly Dictionary<string, Slot> _slots = [];
    private readonly Tensor _compute, _gradient;

    private TrainableWeights(IEnumerable<(string Name, Tensor Value, Action<Tensor> Install)> trained, ScalarType compute, Device device)
    {
        (string Name, Tensor Value, Action<Tensor> Install)[] all = [.. trained.OrderBy(static t => t.Value.dim() < 2)];
        Count = all.Sum(static t => t.Value.numel());
        Decayed = all.Where(static t => t.Value.dim() >= 2).Sum(static t => t.Value.numel());
        Master = Zeros(ScalarType.Float32);
        Sum = Zeros(ScalarType.Float32);
        bool copies = compute != ScalarType.Float32;
        _compute = copies ? Zeros(compute) : Master;
        _gradient = copies ? Zeros(compute) : Sum;
        long start = 0;
        foreach ((string name, Tensor value, Action<Tensor> install) in all)
        {
            using var scope = NewDisposeScope();
            long length = value.numel();
            using (no_grad())
                Master.narrow(0, start, length).copy_(value.detach().flatten());
            Tensor view = View(_compute, start, value.shape), gradient = View(_gradient, start, value.shape), sum = View(Sum, start, value.shape);
            view.requires_grad = true;
            view.grad = gradient;
            _slots.Add(name, new Slot(view, gradient, sum, View(Master, start, value.shape)));
            install(view);
            start += length;
        }

        Publish();

        Tensor Zeros(ScalarType type) => zeros(Count, dtype: type, device: device).DetachFromDisposeScope();
    }

    /// <summary>Number of trained values.</summary>
    public long Count { get; }

    /// <summary>How many of them, from the first, decay.</summary>
    public long Decayed { get; }

    /// <summary>[count] float32.</summary>
    public Tensor Master { get; }

    /// <summary>[count] float32, gradients of the micro-batches since <see cref="Clear"/>.</summary>
    public Tensor Sum { get; }

    /// <summary>Names and shapes in the order of the buffers.</summary>
    public IEnumerable<string> Layout => _slots.Select(static s => $"{s.Key} [{string.Join(", ", s.Value.View.shape)}]");

    /// <summary>All weights of a model.</summary>
    public static TrainableWeights Of(CausalModel model, ScalarType compute, Device device) =>
        new(model.Weights.Names.Select(name => (name, model.Weights[name], (Action<Tensor>)(view => model.Weights.Replace(name, view)))), compute, device);

    /// <summary>New adapters on every linear map of the layers: A uniform as a linear layer's first values, B zero, so that nothing changes at first.</summary>
    public static TrainableWeights OfAdapters(CausalModel model, int rank, double alpha, int seed, ScalarType compute, Device device)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)(uint)seed);
        var trained = new List<(string, Tensor, Action<Tensor>)>();
        foreach (string name in model.LinearNames)
        {
            long[] shape = model.Weights[name].shape;
            double bound = 1 / Math.Sqrt(shape[1]);
            Tensor a = ((rand([rank, shape[1]], ScalarType.Float32, CPU, false, generator) * 2) - 1).mul_(bound).to(device);
            Tensor b = zeros([shape[0], rank], device: device);
            Tensor? first = null;
            trained.Add((AdapterA(name), a, view => first = view));
            trained.Add((AdapterB(name), b, view => model.Adapters[name] = new LowRankAdapter(first!, view, alpha / rank)));
        }

        return new TrainableWeights(trained, compute, device);
    }

    /// <summary>Name of the first factor of a map's adapter.</summary>
    public static string AdapterA(string name) => name + ".lora_A";

    /// <summary>Name of the second.</summary>
    public static string AdapterB(string name) => name + ".lora_B";

    /// <summary>Where a weight's gradient is summed, [its shape] float32; null if it is not trained.</summary>
    public Tensor? SumOf(string name) => _slots.GetValueOrDefault(name)?.Sum;

    /// <summary>A weight's float32 values, [its shape]; null if it is not trained.</summary>
    public Tensor? MasterOf(string name) => _slots.GetValueOrDefault(name)?.Master;

    /// <summary>Empties the sums.</summary>
    public void Clear()
    {
        // Some in-place operations hand out another handle of the same tensor.
        using var scope = NewDisposeScope();
        Sum.zero_();
    }

    /// <summary>Adds the gradients of a backward pass to the sums.</summary>
    public void Collect()
    {
        if (ReferenceEquals(_gradient, Sum))
            return;
        using var scope = NewDisposeScope();
        using (no_grad())
        {
            Sum.add_(_gradient);
            _gradient.zero_();
        }
    }

    /// <summary>Makes the model compute with the masters' present values.</summary>
    public void Publish()
    {
        if (ReferenceEquals(_compute, Master))
            return;
        using var scope = NewDisposeScope();
        using (no_grad())
            _compute.copy_(Master);
    }

    public void Dispose()
    {
        foreach (Slot slot in _slots.Values)
        {
            slot.Gradient.Dispose();
            slot.Sum.Dispose();
            slot.Master.Dispose();
        }

        Master.Dispose();
        Sum.Dispose();
        _compute.Dispose();
        _gradient.Dispose();
    }

    private static Tensor View(Tensor flat, long start, long[] shape)
    {
        using Tensor part = flat.narrow(0, start, shape.Aggregate(1L, static (a, b) => a * b));
        using Tensor shaped = part.view(shape);
        return shaped.detach().DetachFromDisposeScope();
    }

    private sealed record Slot(Tensor View, Tensor Gradient, Tensor Sum, Tensor Master);
}
