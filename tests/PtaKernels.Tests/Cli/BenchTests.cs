using System.Text.Json;
using CommunityToolkit.HighPerformance;
using PtaKernels.Cli;
using PtaKernels.Cli.Bench;
using PtaKernels.Reference;

namespace PtaKernels.Tests.Cli;

public sealed class BenchTests
{
    private const double Blink = 0.02;

    private static readonly string Root = RepositoryFolder.Find()!;
    private static readonly string[] EntryFields = ["case", "backend", "isa", "threads", "rate", "unit", "peer", "peer_rate", "ratio"];
    private static readonly string[] RunFields = ["date", "cpu", "cores", "system", "dotnet", "python", "numpy", "seconds_per_case", "cases", "compiler", "rapidfuzz", "peers"];

    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("pta-bench-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [TestCase("ot.official")]
    [TestCase("ot.certified")]
    [TestCase("edit.all-pairs")]
    [TestCase("path.2048")]
    [TestCase("map.gpt2-spA")]
    [TestCase("doc.reference")]
    [TestCase("doc.paper")]
    public void AWrongAnswerIsNotTimed(string id)
    {
        using BenchData data = DataOf(new SlightlyWrong());
        bool timed = false;
        AlignmentDataException error = Assert.Throws<AlignmentDataException>(() => BenchSuite.Run(data, [id], _ => timed = true));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error.Message, Does.Contain("wrong answer, so nothing was timed"));
            Assert.That(timed, Is.False);
        }
    }

    [Test]
    public void AnUnknownCaseIsOneSentence()
    {
        (int status, string output, string errors) = Run("bench", "--case", "doc.nonsense");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(status, Is.EqualTo(1));
            Assert.That(output, Is.Empty);
            Assert.That(errors.TrimEnd(), Does.Match("^pta: case 'doc.nonsense' is unknown; use edit.all-pairs, .*train.step\\.$"));
        }
    }

    [Test]
    public void AMissingGoldenFolderIsOneSentence()
    {
        (int status, _, string errors) = Run("bench", "--case", "ot.certified", "--golden", _folder);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(status, Is.EqualTo(1));
            Assert.That(errors.Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.Length.EqualTo(1));
            Assert.That(errors, Does.Contain("holds no sinkhorn.jsonl.gz"));
        }
    }

    [Test]
    public void ResultsHaveEveryField()
    {
        string path = Path.Combine(_folder, "results.json");
        (int status, string output, _) = Run("bench", "--backend", "reference", "--case", "ot.certified", "ot.official", "edit.all-pairs", "--seconds", "0.05", "--json", path);
        JsonElement[] entries = [.. JsonDocument.Parse(File.ReadAllText(path)).RootElement.EnumerateArray()];
        JsonElement run = JsonDocument.Parse(File.ReadAllText(Path.ChangeExtension(path, ".run.json"))).RootElement;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(status, Is.Zero);
            Assert.That(output, Does.Contain("ot.certified").And.Contain("Peers: g++"));
            Assert.That(entries.Select(e => e.EnumerateObject().Select(p => p.Name)), Is.All.EqualTo(EntryFields));
            // A case has an entry for each peer that this machine has.
            Assert.That(
                entries.Select(e => (e.GetProperty("case").GetString(), e.GetProperty("threads").GetInt32())).Distinct(),
                Is.EqualTo(new[] { ("edit.all-pairs", 1), ("edit.all-pairs", 2), ("ot.official", 1), ("ot.certified", 1) }));
            Assert.That(entries.Select(e => e.GetProperty("isa").GetString()), Is.All.EqualTo("portable"));
            Assert.That(entries.SelectMany(e => new[] { "rate", "peer_rate", "ratio" }.Select(f => e.GetProperty(f).GetDouble())), Is.All.Positive);
            Assert.That(run.EnumerateObject().Select(p => p.Name), Is.EqualTo(RunFields));
            Assert.That(run.GetProperty("peers").EnumerateObject().Select(p => p.Name), Does.Contain("g++"));
        }
    }

    [Test]
    public void TheReadmeTableIsRewrittenAndNothingElse()
    {
        string results = Path.Combine(_folder, "2026-01-02.json"), readme = Path.Combine(_folder, "README.md");
        BenchFiles.Write(
            results, [new BenchEntry("doc.reference", "reference", "portable", 1, 123456, "tokens/s", "Python + NumPy", 4321, 28.57),
                new BenchEntry("doc.reference", "reference", "portable", 2, 234567, "tokens/s", "one thread", 123456, 1.9)],
            new BenchRunInfo("2026-01-02", "Some CPU", 2, "Linux", ".NET 10", "3.11", "1.24", 10, [new BenchSpread("doc.reference", 9, 27.1, 29.9, ""), new BenchSpread("doc.reference", 9, 1.8, 1.95, "", 2)], "12.2.0", "3.3.2"));
        File.WriteAllText(readme, $"before\r\n{ReadmeTable.Block.Begin}old{ReadmeTable.Block.End}\nafter");
        ReadmeTable.Rewrite(readme, results);
        string once = File.ReadAllText(readme);
        ReadmeTable.Rewrite(readme, results);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(File.ReadAllText(readme), Is.EqualTo(once));
            Assert.That(once, Does.StartWith($"before\r\n{ReadmeTable.Block.Begin}\n|").And.EndsWith($"\n{ReadmeTable.Block.End}\nafter"));
            Assert.That(once, Does.Contain("| doc.reference | reference, portable | 123,000 tokens/s |  | Python + NumPy | 4,320 | 28.6 (27.1..29.9) |"));
            Assert.That(once, Does.Contain("| doc.reference, 2 threads | reference, portable | 235,000 tokens/s |  | one thread | 123,000 | 1.9 (1.8..1.95) |"));
            Assert.That(once, Does.Contain("2026-01-02, Some CPU (2 cores), .NET 10, g++ 12.2.0, rapidfuzz-cpp 3.3.2, Python 3.11, NumPy 1.24"));
        }
    }

    [Test]
    public void TheReadmeNamesThePeersVersions()
    {
        string results = Path.Combine(_folder, "2026-01-02.json"), readme = Path.Combine(_folder, "README.md");
        var peers = new Dictionary<string, string> { ["g++"] = "12.2.0", ["edlib"] = "1.2.7", ["F23.StringSimilarity"] = "7.0.1" };
        BenchFiles.Write(
            results, [new BenchEntry("edit.all-pairs", "reference", "portable", 1, 2, "pairs/s", "edlib", 1, 2)],
            new BenchRunInfo("2026-01-02", "Some CPU", 2, "Linux", ".NET 10", null, null, 10, [], "12.2.0", Peers: peers));
        File.WriteAllText(readme, ReadmeTable.Block.Begin + ReadmeTable.Block.End);
        ReadmeTable.Rewrite(readme, results);
        Assert.That(File.ReadAllText(readme), Does.Contain("Some CPU (2 cores), .NET 10, g++ 12.2.0, edlib 1.2.7, F23.StringSimilarity 7.0.1. `scripts/pta bench`"));
    }

    [TestCase("no marks here", "has no block between")]
    [TestCase("<!-- results:end --> <!-- results:begin -->", "has no block between")]
    public void AReadmeWithoutItsBlockIsLeftAlone(string text, string message)
    {
        string readme = Path.Combine(_folder, "README.md");
        File.WriteAllText(readme, text);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => ReadmeTable.Rewrite(readme, "unread.json"), Throws.TypeOf<AlignmentDataException>().With.Message.Contains(message));
            Assert.That(File.ReadAllText(readme), Is.EqualTo(text));
        }
    }

    [TestCase(0.2659, "0.266")]
    [TestCase(28.57, "28.6")]
    [TestCase(999.6, "1,000")]
    [TestCase(123456, "123,000")]
    [TestCase(159e6, "159 M")]
    [TestCase(6.444e9, "6.44 G")]
    public void NumbersAreShort(double value, string expected) => Assert.That(ReadmeTable.Number(value), Is.EqualTo(expected));

    private static BenchData DataOf(IKernelBackend backend) => new(backend, Path.Combine(Root, "tests", "golden"), Path.Combine(Root, "samples", "vocab"), Blink);

    private static (int Status, string Output, string Errors) Run(params string[] arguments)
    {
        using StringWriter output = new(), errors = new();
        int status = Program.Run(arguments, output, errors);
        return (status, output.ToString(), errors.ToString());
    }

    /// <summary>The plain backend with one small thing wrong in every answer.</summary>
    private sealed class SlightlyWrong : IKernelBackend
    {
        private readonly ReferenceBackend _right = new();

        public string Name => "slightly wrong";

        public string Isa => "portable";

        public KernelStatus ComputeCostMatrix(TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, ReadOnlySpan<int> targetTokens, Span2D<byte> cost)
        {
            KernelStatus status = _right.ComputeCostMatrix(source, sourceTokens, target, targetTokens, cost);
            cost[cost.Height - 1, cost.Width - 1]++;
            return status;
        }

        public KernelStatus ComputeCostMatrix(TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, ReadOnlySpan<int> targetTokens, Span2D<ushort> cost) =>
            _right.ComputeCostMatrix(source, sourceTokens, target, targetTokens, cost);

        public KernelStatus ComputeCostMatrices(
            TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, ReadOnlySpan<int> targetTokens, int rows, int columns, Span<byte> cost) =>
            _right.ComputeCostMatrices(source, sourceTokens, target, targetTokens, rows, columns, cost);

        public void FindNearestTokens(TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, Span<int> nearest, Span<int> distance)
        {
            _right.FindNearestTokens(source, sourceTokens, target, nearest, distance);
            distance[^1]++;
        }

        public void FindAlignmentPath(ReadOnlySpan<int> source, ReadOnlySpan<int> target, ReadOnlySpan2D<byte> cost, AlignmentPath path)
        {
            _right.FindAlignmentPath(source, target, cost, path);
            (int Source, int Target)[] steps = path.Steps.ToArray();
            path.Begin(source.Length, target.Length, path.Cost + 1);
            foreach ((int s, int t) in steps.Reverse())
                path.Prepend(s, t);
        }

        public void FindAlignmentPath(ReadOnlySpan<int> source, ReadOnlySpan<int> target, ReadOnlySpan2D<ushort> cost, AlignmentPath path) =>
            _right.FindAlignmentPath(source, target, cost, path);

        public void SolveTransport(
            in CostMatrix<byte> cost, in Marginals marginals, in TransportOptions options, in TransportPlan destination, Span<TransportOutcome> outcomes)
        {
            _right.SolveTransport(cost, marginals, options, destination, outcomes);
            destination.Values[^1] += 2e-12;
        }

        public void SolveTransport(
            in CostMatrix<double> cost, in Marginals marginals, in TransportOptions options, in TransportPlan destination, Span<TransportOutcome> outcomes)
        {
            _right.SolveTransport(cost, marginals, options, destination, outcomes);
            destination.Values[^1] += 2e-12;
        }

        public void AlignBatch(
            ReadOnlySpan<DocumentPair> documents, VocabularyPair vocabularies, in AlignmentOptions options, Span<AlignedDocument> destination, AlignmentReport report)
        {
            // Only one row of a document, the last that transfers where any does, and only by a little.
            _right.AlignBatch(documents, vocabularies, options, destination, report);
            for (int d = 0; d < destination.Length; d++)
            {
                AlignedDocument right = destination[d];
                destination[d] = new AlignedDocument(right.Id, right.Unit);
                for (int i = 0; i < right.Rows; i++)
                {
                    double[] values = right.ValuesOf(i).ToArray();
                    if (i == right.Rows - 2 && values.Length > 0)
                        values[0] *= 1 + 1e-7;
                    destination[d].AddRow(right.IndicesOf(i), values, right[i]);
                }
            }
        }
    }
}
