using CommunityToolkit.HighPerformance;
using PtaKernels.Cli;
using PtaKernels.Cli.Verify.Random;
using PtaKernels.Reference;

namespace PtaKernels.Tests.Cli;

/// <summary><c>pta verify --random</c> and <c>--sample</c>: what agrees passes, one wrong value in one kernel is found and named, bad arguments are one sentence.</summary>
public sealed class VerifyRandomTests
{
    private static readonly Dictionary<string, Action<OneWrong>> Wrong = new()
    {
        ["edit-distance"] = static b => b.Distance = 1,
        ["edit-distance-blocks"] = static b => b.Block = 1,
        ["embedding-distance"] = static b => b.Embedding = 1,
        ["nearest-token"] = static b => b.Nearest = 1,
        ["alignment-path"] = static b => b.PathCost = 1,
        ["official-transport"] = static b => b.Plan = 2e-12,
        ["semi-relaxed-transport"] = static b => b.Plan = 2e-9,
        ["balanced-transport"] = static b => b.Plan = 2e-9,
        ["greenkhorn-transport"] = static b => b.Plan = 2e-9,
        ["unbalanced-transport"] = static b => b.Plan = 2e-9,
        ["exact-transport"] = static b => b.Plan = 1e-6,
        ["reference-document-rows"] = static b => b.Mass = 1e-11,
        ["paper-document-rows"] = static b => b.Mass = 1e-7,
        ["fusion-document-rows"] = static b => b.Mass = 1e-7,
        ["embedding-document-rows"] = static b => b.Mass = 1e-7,
        ["other-plan-document-rows"] = static b => b.Mass = 1e-7,
    };

    public static IEnumerable<string> Kernels => Wrong.Keys;

    [Test]
    public void EveryKernelAgrees()
    {
        PtaRun run = Pta.Run("verify", "--random", "200", "--backend", "native", "--against", "reference");
        string[] lines = run.Output.TrimEnd('\n').Split('\n');
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Exit, Is.Zero, run.Errors);
            Assert.That(lines, Has.Length.EqualTo(RandomKernel.All.Count + 1));
            Assert.That(lines[..^1], Is.All.Match("^[a-z -]+: [0-9,]+ problems, 0 differences$"));
            Assert.That(run.LastLine, Does.Match("^[0-9]+ passed, 0 failed$"));
            Assert.That(run.Errors, Is.Empty);
        }
    }

    [Test]
    public void TheEmulatorAgrees([Values("edit-distance-blocks", "embedding-distance", "alignment-path", "official-transport", "reference-document-rows")] string kernel)
    {
        PtaRun run = Pta.Run("verify", "--random", "8", "--kernel", kernel, "--backend", "ilgpu-cpu", "--against", "reference", "--json");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Exit, Is.Zero, run.Errors);
            Assert.That(run.Json.GetProperty("against").GetString(), Is.EqualTo("reference"));
            Assert.That(run.Json.GetProperty("random")[0].GetProperty("kernel").GetString(), Is.EqualTo(kernel.Replace('-', ' ')));
            Assert.That(run.Json.GetProperty("random")[0].GetProperty("problems").GetInt64(), Is.Positive);
            Assert.That(run.Json.GetProperty("failed").GetInt64(), Is.Zero);
        }
    }

    [TestCaseSource(nameof(Kernels))]
    public void OneWrongValueIsFoundAndNamed(string kernel)
    {
        var backend = new OneWrong();
        Wrong[kernel](backend);
        PtaRun run = Verify(backend, 60, kernel);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Exit, Is.EqualTo(1));
            Assert.That(run.LastLine, Does.Match("^[0-9]+ passed, [1-9][0-9]* failed$"));
            Assert.That(run.Errors, Does.Match($"^{RandomKernel.Named(kernel).Name}, seed 5: .* Again: pta verify --random [0-9]+ --kernel {kernel} --seed 5 --backend wrong --against reference"));
            Assert.That(run.Errors.TrimEnd('\n').Split('\n'), Has.Length.LessThanOrEqualTo(Findings.MostMessages));
        }
    }

    [Test]
    public void ASeedDrawsTheSameProblems()
    {
        var backend = new OneWrong { Plan = 1 };
        PtaRun once = Verify(backend, 40, "official-transport"), again = Verify(backend, 40, "official-transport");
        Assert.That(again.Errors, Is.EqualTo(once.Errors).And.Not.Empty);
    }

    [Test]
    public void ABackendThatStopsHasFailed()
    {
        PtaRun run = Verify(new OneWrong { Stops = true }, 1_000_000, "nearest-token");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Exit, Is.EqualTo(1));
            Assert.That(run.Errors, Does.Contain("wrong stopped: InvalidOperationException, lost"));
        }
    }

    [TestCase("'--golden' is required, or '--random'")]
    [TestCase("--random is 0; it must be 1 or more", "--random", "0")]
    [TestCase("kernel 'sinkhorn' is unknown; use edit-distance", "--random", "5", "--kernel", "sinkhorn")]
    [TestCase("compares backend reference with itself", "--random", "5", "--backend", "reference", "--against", "reference")]
    [TestCase("backend 'fast' is unknown", "--random", "5", "--backend", "reference", "--against", "fast")]
    [TestCase("--kernel is about random problems", "--golden", ".", "--kernel", "edit-distance")]
    [TestCase("--sample is 0; it must be 1 or more", "--golden", ".", "--sample", "0")]
    public void BadArgumentsAreOneSentence(string sentence, params string[] arguments)
    {
        PtaRun run = Pta.Run(["verify", .. arguments]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Exit, Is.Not.Zero);
            Assert.That(run.Output, Is.Empty);
            Assert.That(run.Errors, Does.StartWith("pta: ").And.Contains(sentence));
            Assert.That(run.Errors.TrimEnd('\n').Split('\n'), Has.Length.EqualTo(1));
        }
    }

    [Test]
    public void ASampleTakesEveryKthRow()
    {
        using var folder = new ScratchFolder();
        folder.Write("editdistance.jsonl", string.Concat(Enumerable.Range(0, 10).Select(static r => $"{{\"a\": \"x\", \"b\": \"y\", \"d\": {(r == 6 ? 2 : 1)}}}\n")));
        PtaRun third = Pta.Run("verify", "--golden", folder.Path, "--sample", "3"), fourth = Pta.Run("verify", "--golden", folder.Path, "--sample", "4");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((third.Exit, third.LastLine), Is.EqualTo((1, "3 passed, 1 failed")));
            Assert.That(third.Errors, Does.StartWith("editdistance.jsonl row 7: "));
            Assert.That((fourth.Exit, fourth.LastLine), Is.EqualTo((0, "3 passed, 0 failed")));
        }
    }

    private static PtaRun Verify(IKernelBackend backend, long problems, string kernel)
    {
        using StringWriter output = new(), errors = new();
        var request = new VerifyCommand.Request(null, null, 1, problems, "reference", 5, [kernel], AllowSkips: false, Json: false);
        int exit = VerifyCommand.Run(Terminal.Over(output, errors), backend, request);
        return new PtaRun(exit, output.ToString(), errors.ToString());
    }

    /// <summary>The plain backend with one value of one kernel wrong by a little.</summary>
    private sealed class OneWrong : IKernelBackend
    {
        private readonly ReferenceBackend _right = new();

        public string Name => "wrong";

        public string Isa => "portable";

        public bool Stops { get; set; }

        public byte Distance { get; set; }

        public byte Block { get; set; }

        public byte Embedding { get; set; }

        public int Nearest { get; set; }

        public int PathCost { get; set; }

        public double Plan { get; set; }

        public double Mass { get; set; }

        public KernelStatus ComputeCostMatrix(TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, ReadOnlySpan<int> targetTokens, Span2D<byte> cost) =>
            _right.ComputeCostMatrix(source, sourceTokens, target, targetTokens, cost);

        public KernelStatus ComputeCostMatrix(TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, ReadOnlySpan<int> targetTokens, Span2D<ushort> cost)
        {
            KernelStatus status = _right.ComputeCostMatrix(source, sourceTokens, target, targetTokens, cost);
            cost[cost.Height - 1, cost.Width - 1] += Distance;
            return status;
        }

        public KernelStatus ComputeCostMatrices(
            TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, ReadOnlySpan<int> targetTokens, int rows, int columns, Span<byte> cost)
        {
            KernelStatus status = _right.ComputeCostMatrices(source, sourceTokens, target, targetTokens, rows, columns, cost);
            cost[^1] += Block;
            return status;
        }

        public void ComputeEmbeddingCosts(TokenEmbeddings embeddings, ReadOnlySpan<int> sourceTokens, ReadOnlySpan<int> targetTokens, Span2D<byte> cost)
        {
            _right.ComputeEmbeddingCosts(embeddings, sourceTokens, targetTokens, cost);
            cost[cost.Height - 1, cost.Width - 1] += Embedding;
        }

        public void FindNearestTokens(TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, Span<int> nearest, Span<int> distance)
        {
            if (Stops)
                throw new InvalidOperationException("lost");
            _right.FindNearestTokens(source, sourceTokens, target, nearest, distance);
            nearest[^1] += Nearest;
        }

        public void FindAlignmentPath(ReadOnlySpan<int> source, ReadOnlySpan<int> target, ReadOnlySpan2D<byte> cost, AlignmentPath path)
        {
            _right.FindAlignmentPath(source, target, cost, path);
            (int Source, int Target)[] steps = path.Steps.ToArray();
            path.Begin(source.Length, target.Length, path.Cost + PathCost);
            foreach ((int s, int t) in steps.Reverse())
                path.Prepend(s, t);
        }

        public void FindAlignmentPath(ReadOnlySpan<int> source, ReadOnlySpan<int> target, ReadOnlySpan2D<ushort> cost, AlignmentPath path) =>
            _right.FindAlignmentPath(source, target, cost, path);

        public void SolveTransport(
            in CostMatrix<byte> cost, in Marginals marginals, in TransportOptions options, in TransportPlan destination, Span<TransportOutcome> outcomes)
        {
            _right.SolveTransport(cost, marginals, options, destination, outcomes);
            destination.Values[^1] += Plan;
            // An exact plan is compared by its cost, and the last entry's may be 0.
            for (int c = 0; options.Kind == TransportKind.Exact && c < destination.Values.Length - 1; c++)
                destination.Values[c] += Plan;
        }

        public void SolveTransport(
            in CostMatrix<double> cost, in Marginals marginals, in TransportOptions options, in TransportPlan destination, Span<TransportOutcome> outcomes) =>
            _right.SolveTransport(cost, marginals, options, destination, outcomes);

        public void AlignBatch(
            ReadOnlySpan<DocumentPair> documents, VocabularyPair vocabularies, in AlignmentOptions options, Span<AlignedDocument> destination, AlignmentReport report)
        {
            _right.AlignBatch(documents, vocabularies, options, destination, report);
            for (int d = 0; d < destination.Length; d++)
            {
                AlignedDocument right = destination[d];
                destination[d] = new AlignedDocument(right.Id, right.Unit);
                for (int i = 0; i < right.Rows; i++)
                {
                    double[] values = right.ValuesOf(i).ToArray();
                    if (values.Length > 0)
                        values[0] += Mass;
                    destination[d].AddRow(right.IndicesOf(i), values, right[i]);
                }
            }
        }
    }
}
