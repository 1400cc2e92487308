using System.Globalization;
using PtaKernels.Training;
using static TorchSharp.torch;

namespace PtaKernels.Cli.Bench;

/// <summary>The loss of a training step from the last hidden states on, sparse targets against dense ones.</summary>
/// <remarks>Shapes are those of a 10 M-parameter Llama: 512 rows of width 320, 32,000 tokens, ten of them taught per row. Drawn numbers; weights 0.5 and 0.5.</remarks>
internal static class LossCases
{
    /// <summary>Rows, tokens and tokens taught per row; the training step has the same.</summary>
    public const int Rows = 512, Vocabulary = 32_000, Taught = 10;

    private const int Width = 320;
    private const double SumTolerance = 1e-5, GradientTolerance = 1e-3;

    /// <summary>Why these cases cannot run here; null where they can.</summary>
    public static string? WhyUnavailable => TorchFolder.Find() is null ? "libtorch is not on this machine; fetch it with `pta setup-torch`" : null;

    /// <summary>Against dense targets in Debian's PyTorch.</summary>
    public static BenchCase AgainstPyTorch(BenchData data)
    {
        const string Id = "loss.sparse";
        var step = new Step();
        if (data.Torch is not { } peer)
        {
            // Nothing of that kind is here: the same formula in our own libtorch stands in for it.
            return Case(Id, step, step.DenseLoop("dense, own libtorch"), step.CheckDense(Id), "python3-torch is missing: perf/peers/setup gets it");
        }

        step.Write(data.Work);
        (_, ulong bytes) = peer.Check("loss");
        return Case(Id, step, peer.For("loss", $"PyTorch, {peer.Versions[2]}"), bytes, $"dense targets in PyTorch {peer.Versions[1]} with {peer.Versions[2]} BLAS");
    }

    /// <summary>Against dense targets and autograd in the libtorch that we run on ourselves.</summary>
    public static BenchCase AgainstLibtorch(BenchData data)
    {
        const string Id = "loss.libtorch";
        var step = new Step();
        return Case(Id, step, step.DenseLoop("dense, own libtorch"), step.CheckDense(Id), "dense targets and autograd in the same libtorch");
    }

    private static BenchCase Case(string id, Step step, IContestant peer, ulong dense, string against) => new(
        id, "rows/s", new PassLoop("ours", Rows, step.Sparse), () => [peer],
        () => string.Create(CultureInfo.InvariantCulture,
            $"{Rows} rows, width {Width}, {Vocabulary} tokens, {Taught} taught; peak extra memory {step.Extra / 1e6:F0} MB, {dense / 1e6:F0} MB with dense targets ({100.0 * step.Extra / Math.Max(1, dense):F0} %); {against}"),
        Limit: static () => KernelLimits.Of(new Native.NativeBackend())?.Single(3.0 * Vocabulary * Width, $"three products of a row with {Vocabulary} x {Width} numbers"));

    /// <summary>The peak of this process' memory over what some work began with; 0 where the system does not tell.</summary>
    public static ulong PeakOf(Action work)
    {
        const string Clear = "/proc/self/clear_refs";
        if (!File.Exists(Clear))
        {
            work();
            return 0;
        }

        GC.Collect();
        File.WriteAllText(Clear, "5");
        long before = Status("VmRSS");
        work();
        return (ulong)Math.Max(0, Status("VmHWM") - before);

        static long Status(string field) => 1024 * long.Parse(
            File.ReadLines("/proc/self/status").First(l => l.StartsWith(field, StringComparison.Ordinal)).Split(':')[1].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
    }

    /// <summary>Rows drawn at random; the last one has no next token.</summary>
    public static FusionRows Draw(System.Random random)
    {
        int[] labels = new int[Rows], ids = new int[Rows * Taught];
        float[] masses = new float[ids.Length];
        for (int row = 0; row < Rows; row++)
        {
            labels[row] = row + 1 < Rows ? random.Next(Vocabulary) : FusionRows.NoLabel;
            var tokens = new HashSet<int>();
            while (tokens.Count < Taught)
                tokens.Add(random.Next(Vocabulary));
            tokens.CopyTo(ids, row * Taught);
            float[] raw = [.. Enumerable.Range(0, Taught).Select(_ => random.NextSingle())];
            float sum = raw.Sum();
            for (int k = 0; k < Taught; k++)
                masses[(row * Taught) + k] = raw[k] / sum;
        }

        return new FusionRows { Labels = labels, Offsets = [.. Enumerable.Range(0, Rows + 1).Select(static r => r * Taught)], Ids = ids, Masses = masses, Missing = new float[Rows] };
    }

    private sealed class Step
    {
        private readonly Tensor _hidden, _head, _hiddenGradient, _headGradient;
        private readonly FusionRows _rows;
        private readonly LossSums _sums;
        private Tensor? _targets;
        private Tensor? _labels;

        public Step()
        {
            TorchRuntime.Load();
            set_num_threads(1);
            random.manual_seed(1);
            using var scope = NewDisposeScope();
            _hidden = randn([Rows, Width]).DetachFromDisposeScope();
            _head = (randn([Vocabulary, Width]) * 0.05).DetachFromDisposeScope();
            (_hiddenGradient, _headGradient) = (zeros_like(_hidden).DetachFromDisposeScope(), zeros_like(_head).DetachFromDisposeScope());
            _rows = Draw(new System.Random(1));
            FusedHead.Run(_hidden[..1], _head[..64], new FusionRows { Labels = [3], Offsets = [0, 1], Ids = [5], Masses = [1], Missing = [0] }, 1, 1, FusionDivergence.CrossEntropy, 64, _hiddenGradient[..1], _headGradient[..64]);
            LossSums sums = default;
            Extra = PeakOf(() => sums = Run());
            _sums = sums;
        }

        /// <summary>Bytes that the first step took beyond hidden states, output matrix and their gradients.</summary>
        public ulong Extra { get; }

        public void Sparse() => Run();

        public PassLoop DenseLoop(string name) => new PassLoop(name, Rows, () => Dense());

        /// <summary>Compares our answer with the dense one.</summary>
        /// <returns>Bytes that the first dense step took.</returns>
        public ulong CheckDense(string id)
        {
            using var scope = NewDisposeScope();
            Tensor byHidden = _hiddenGradient.clone(), byHead = _headGradient.clone();
            (double NextToken, double Fusion) dense = default;
            Tensor? hidden = null, head = null;
            ulong bytes = PeakOf(() => dense = Dense((h, w) => (hidden, head) = (h.DetachFromDisposeScope(), w.DetachFromDisposeScope())));
            bool same = Near(dense.NextToken, _sums.NextToken / Labelled) && Near(dense.Fusion, _sums.Fusion / _rows.Taught) && Near(byHidden, hidden!) && Near(byHead, head!);
            hidden!.Dispose();
            head!.Dispose();
            return same ? bytes : throw BenchData.Wrong(id, "losses or gradients differ from those of the dense formula");
        }

        /// <summary>Writes the work and our answers for a peer.</summary>
        public void Write(PeerWork work)
        {
            work.Write<float>("loss.hidden", _hidden.data<float>().ToArray());
            work.Write<float>("loss.head", _head.data<float>().ToArray());
            work.Write<int>("loss.labels", _rows.Labels);
            work.Write<int>("loss.offsets", _rows.Offsets);
            work.Write<int>("loss.ids", _rows.Ids);
            work.Write<float>("loss.masses", _rows.Masses);
            work.Write<double>("loss.expected", [_sums.NextToken / Labelled, _sums.Fusion / _rows.Taught]);
            work.Write<float>("loss.hidden_gradient", _hiddenGradient.data<float>().ToArray());
            work.Write<float>("loss.head_gradient", _headGradient.data<float>().ToArray());
        }

        private int Labelled => _rows.Labelled;

        private LossSums Run()
        {
            using var scope = NewDisposeScope();
            _headGradient.zero_();
            return FusedHead.Run(_hidden, _head, _rows, 0.5 / Labelled, 0.5 / _rows.Taught, FusionDivergence.CrossEntropy, Vocabulary, _hiddenGradient, _headGradient);
        }

        private (double NextToken, double Fusion) Dense(Action<Tensor, Tensor>? gradients = null)
        {
            using var scope = NewDisposeScope();
            if (_targets is null)
            {
                _targets = zeros([Rows, Vocabulary]).scatter_(1, tensor(Array.ConvertAll(_rows.Ids, static i => (long)i), [Rows, Taught]), tensor(_rows.Masses, [Rows, Taught])).DetachFromDisposeScope();
                _labels = tensor(Array.ConvertAll(_rows.Labels, static l => (long)l)).DetachFromDisposeScope();
            }

            Tensor hidden = _hidden.detach().requires_grad_(true), head = _head.detach().requires_grad_(true);
            Tensor logits = hidden.matmul(head.t());
            Tensor nextToken = nn.functional.cross_entropy(logits, _labels!, ignore_index: FusionRows.NoLabel), fusion = nn.functional.cross_entropy(logits, _targets);
            ((0.5 * nextToken) + (0.5 * fusion)).backward();
            gradients?.Invoke(hidden.grad!, head.grad!);
            return (nextToken.item<float>(), fusion.item<float>());
        }

        private static bool Near(double actual, double expected) => Math.Abs(actual - expected) <= SumTolerance * Math.Abs(expected);

        private static bool Near(Tensor actual, Tensor expected) => (actual - expected).abs().max().item<float>() <= GradientTolerance * expected.abs().max().item<float>();
    }
}
