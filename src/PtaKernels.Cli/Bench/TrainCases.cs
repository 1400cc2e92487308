using System.Globalization;
using PtaKernels.Training;
using static TorchSharp.torch;

namespace PtaKernels.Cli.Bench;

/// <summary>A whole training step of a Llama of 10 M parameters on one sequence of 512 tokens, against the same model with dense targets in Debian's PyTorch.</summary>
/// <remarks>Forward, loss, backward, clipping, AdamW; float32. Both sides start from the same drawn weights; their losses and gradient norms must agree over two steps.</remarks>
internal static class TrainCases
{
    private const string Id = "train.step";
    private const double Rate = 1e-4;

    // The output matrix is the embedding: 8.2 M parameters, and 2.4 M in the layers.
    private static readonly ModelConfig Config = new()
    {
        Family = ModelFamily.Llama,
        Vocabulary = LossCases.Vocabulary,
        Width = 256,
        Layers = 3,
        Heads = 4,
        KeyValueHeads = 4,
        HeadWidth = 64,
        RotaryWidth = 64,
        FeedForward = 688,
        MaxLength = LossCases.Rows,
        NormEpsilon = 1e-5,
        TiedEmbedding = true,
    };

    private static readonly (string Ours, string Theirs)[] LayerNames =
    [
        ("input_layernorm", "before"), ("self_attn.q_proj", "q"), ("self_attn.k_proj", "k"), ("self_attn.v_proj", "v"), ("self_attn.o_proj", "o"),
        ("post_attention_layernorm", "after"), ("mlp.gate_proj", "gate"), ("mlp.up_proj", "up"), ("mlp.down_proj", "down"),
    ];

    /// <summary>Against dense targets in PyTorch.</summary>
    /// <returns>Null where PyTorch is missing.</returns>
    public static BenchCase? AgainstPyTorch(BenchData data)
    {
        if (data.Torch is not { } peer)
        {
            data.LeftOut = $"{Id}: python3-torch is missing; perf/peers/setup gets it";
            return null;
        }

        var step = new Step(data.Work);
        (_, ulong bytes) = peer.Check("train");
        return new BenchCase(
            Id, "tokens/s", new PassLoop("ours", LossCases.Rows, () => step.Run()), () => [peer.For("train", $"PyTorch, {peer.Versions[2]}")],
            () => string.Create(CultureInfo.InvariantCulture,
                $"Llama of {step.Parameters / 1e6:F1} M parameters, {LossCases.Rows} tokens, vocabulary {Config.Vocabulary}, k {LossCases.Taught}; peak extra memory of the first step {step.Extra / 1e6:F0} MB, {bytes / 1e6:F0} MB with dense targets ({100.0 * step.Extra / Math.Max(1, bytes):F0} %); PyTorch {peer.Versions[1]} with {peer.Versions[2]} BLAS"),
            Limit: () => KernelLimits.Of(new Native.NativeBackend())?.Single(3.0 * step.Parameters, $"three products of a token with {step.Parameters} parameters; attention not counted"));
    }

    private sealed class Step
    {
        private readonly MicroBatch _micro;
        private readonly TrainableWeights _weights;
        private readonly Func<int, double> _update;
        private readonly TrainingBatch _batch;
        private readonly FusionRows _rows;
        private int _done;

        public Step(PeerWork work)
        {
            TorchRuntime.Load();
            set_num_threads(1);
            using var scope = NewDisposeScope();
            _rows = LossCases.Draw(new System.Random(2));
            var random = new System.Random(3);
            int[] tokens = [.. Enumerable.Range(0, LossCases.Rows).Select(_ => random.Next(Config.Vocabulary))];
            using var generator = new Generator(4);
            var drawn = new ModelWeights();
            foreach (WeightShape shape in ModelFamilies.Shapes(Config))
            {
                Tensor values = shape.Kind == WeightKind.Gain ? ones(shape.Shape) : randn(shape.Shape, generator: generator) * 0.02;
                work.Write<float>("train." + NameOf(shape.Name), values.data<float>().ToArray());
                drawn.Add(shape.Name, values);
            }

            CausalModel model = ModelFamilies.Create(Config, drawn);
            var options = new TrainingOptions { Model = "", Data = "", Output = "", Compute = ScalarType.Float32, Checkpointing = false };
            _weights = TrainableWeights.Of(model, ScalarType.Float32, CPU);
            var optimiser = new AdamW(_weights, options); // lives as long as the process, as the model does
            _update = step => optimiser.Step(step, Rate);
            _micro = new MicroBatch(model, _weights, options);
            _batch = TrainingBatch.Of([new PackedSequence(tokens, new int[tokens.Length], ["drawn"], _rows, 0)], CPU);
            double[] first = [];
            Extra = LossCases.PeakOf(() => first = Run());
            work.Write<int>("train.tokens", tokens);
            work.Write<int>("train.labels", _rows.Labels);
            work.Write<int>("train.offsets", _rows.Offsets);
            work.Write<int>("train.ids", _rows.Ids);
            work.Write<float>("train.masses", _rows.Masses);
            work.Write<int>("train.shape", [Config.Width, Config.Layers, Config.Heads, Config.FeedForward, Config.Vocabulary]);
            work.Write<double>("train.constants", [Config.NormEpsilon, Rate, options.WeightDecay, options.Beta1, options.Beta2, options.Clip]);
            work.Write<double>("train.expected", [.. first, .. Run()]);
        }

        public long Parameters => _weights.Count;

        public ulong Extra { get; }

        /// <summary>A step: mean losses, and the gradient's norm before clipping.</summary>
        public double[] Run()
        {
            _weights.Clear();
            LossSums sums = _micro.Run(_batch, 0.5 / _rows.Labelled, 0.5 / _rows.Taught);
            double norm = _update(_done++);
            return [sums.NextToken / _rows.Labelled, sums.Fusion / _rows.Taught, norm];
        }

        private static string NameOf(string name)
        {
            if (!name.StartsWith("model.layers.", StringComparison.Ordinal))
                return name.StartsWith("model.embed", StringComparison.Ordinal) ? "embedding" : "norm";
            string layer = name.Split('.')[2];
            return $"{layer}.{Array.Find(LayerNames, n => name.Contains(n.Ours, StringComparison.Ordinal)).Theirs}";
        }
    }
}
