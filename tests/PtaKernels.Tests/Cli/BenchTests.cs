using System.Text.Json;
using System.Text.RegularExpressions;
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

    [TestCase("ot.official.k3")]
    [TestCase("ot.official")]
    [TestCase("ot.official.k32")]
    [TestCase("ot.certified.k3")]
    [TestCase("ot.certified")]
    [TestCase("ot.certified.k32")]
    [TestCase("ot.greenkhorn")]
    [TestCase("ot.unbalanced")]
    [TestCase("ot.semi-relaxed.k3")]
    [TestCase("ot.semi-relaxed")]
    [TestCase("ot.semi-relaxed.k32")]
    [TestCase("edit.all-pairs")]
    [TestCase("path.2048")]
    [TestCase("map.gpt2-spA")]
    [TestCase("doc.reference")]
    [TestCase("doc.paper")]
    [TestCase("disk.reference")]
    [TestCase("disk.fusion")]
    [TestCase("start.align")]
    public void AWrongAnswerIsNotTimed(string id) => RequireWrong(id, new SlightlyWrong());

    /// <summary>Golden paths have other lengths, so these are rejected by the case's own documents.</summary>
    [TestCase("path.128", 128)]
    [TestCase("path.512", 512)]
    [TestCase("path.16384", 16_384)]
    [TestCase("path.128.bpe", 128)]
    [TestCase("path.512.bpe", 512)]
    [TestCase("path.2048.bpe", 2048)]
    [TestCase("path.16384.bpe", 16_384)]
    public void APathThatIsWrongAtOneLengthIsNotTimed(string id, int length) =>
        Assert.That(RequireWrong(id, new SlightlyWrong { PathLength = length }), Does.Contain($"a path of {length} x "));

    /// <returns>The sentence that names the wrong answer.</returns>
    private static string RequireWrong(string id, IKernelBackend backend)
    {
        using BenchData data = DataOf(backend);
        bool timed = false;
        AlignmentDataException error = Assert.Throws<AlignmentDataException>(() => BenchSuite.Run(data, [id], _ => timed = true));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error.Message, Does.Contain("wrong answer, so nothing was timed"));
            Assert.That(timed, Is.False);
        }

        return error.Message;
    }

    [Test]
    public void AProgramThatFailsIsOneSentence()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => new ProcessRuns("a shell", "bash", "-c", "echo no >&2; exit 3").Once(), Throws.TypeOf<AlignmentDataException>().With.Message.EqualTo("a shell ended with status 3: no"));
            Assert.That(() => new ProcessRuns("nothing", "/no/such/program").Once(), Throws.TypeOf<AlignmentDataException>().With.Message.StartsWith("nothing cannot be started: "));
            Assert.That(new ProcessRuns("a shell", "bash", "-c", "echo yes").Once(), Is.EqualTo("yes\n"));
        }
    }

    [TestCase("ot.semi-relaxed.*", "ot.semi-relaxed.k3 ot.semi-relaxed ot.semi-relaxed.k32")]
    [TestCase("ot.semi-relaxed.k3", "ot.semi-relaxed.k3")]
    public void CasesThatBeginAlikeAreAskedForTogether(string typed, string expected)
    {
        using BenchData data = DataOf(new ReferenceBackend());
        Assert.That(BenchSuite.Prepare(data, [typed]).Select(static c => c.Id), Is.EqualTo(expected.Split(' ')));
    }

    /// <summary>Every part of the cut texts is there once, and both sides of a piece end at the same byte where a target's token does.</summary>
    [TestCase("spA")]
    [TestCase("cl100k")]
    public void PiecesOfTheSamplesAreTheSamples(string target)
    {
        using BenchData data = DataOf(new ReferenceBackend());
        PathTexts texts = PathTexts.Of(data, target)!;
        PathDocument[] pieces = texts.Cut(128);
        PathDocument longest = texts.Cut(16_384).Single();
        TokenVocabulary source = data.Pair("gpt2", target).Source, other = data.Pair("gpt2", target).Target;
        byte[] sourceText = [.. Bytes(longest.Source, source)], targetText = [.. Bytes(longest.Target, other)];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(pieces.Select(static p => p.Source.Length), Is.All.EqualTo(128));
            Assert.That(pieces.SelectMany(static p => p.Source), Is.EqualTo(longest.Source.Take(128 * pieces.Length)));
            Assert.That(pieces.SelectMany(static p => p.Target), Is.EqualTo(longest.Target.Take(pieces.Sum(static p => p.Target.Length))));
            Assert.That(longest.Source, Has.Length.EqualTo(16_384));
            // A dummy prefix before each sample aside, the two are the same text.
            Assert.That(targetText.Count(static b => b != ' '), Is.EqualTo(sourceText.Count(static b => b != ' ')).Within(8));
        }

        static IEnumerable<byte> Bytes(int[] ids, TokenVocabulary vocabulary) => ids.SelectMany(id => vocabulary.Bytes[id].ToArray());
    }

    [Test]
    public void TheListAndPerfsReadmeNameEveryCase()
    {
        (int status, string output, _) = Run("bench", "--list", "--backend", "reference");
        string[] listed = [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.Split(' ')[0])];
        string[] documented = [.. SectionsOf(Path.Combine(Root, "perf", "README.md"), "## Cases", "## On a GPU").Where(static line => line.StartsWith("| `", StringComparison.Ordinal))
            .SelectMany(static line => Regex.Matches(line.Split('|')[1], "`([^`]+)`").Select(static m => m.Groups[1].Value))];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(status, Is.Zero);
            Assert.That(listed, Is.EqualTo(BenchSuite.OfferedTo(new ReferenceBackend()).Select(static c => c.Id)));
            Assert.That(documented.Distinct(), Is.EquivalentTo(BenchSuite.Ids));
        }
    }

    private static IEnumerable<string> SectionsOf(string readme, params string[] headings)
    {
        bool inside = false;
        foreach (string line in File.ReadLines(readme))
        {
            if (line.StartsWith("## ", StringComparison.Ordinal))
                inside = headings.Contains(line);
            if (inside)
                yield return line;
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
            Assert.That(errors.TrimEnd(), Does.Match("^pta: case 'doc.nonsense' is unknown; use edit.all-pairs, .*start.align\\.$"));
        }
    }

    [Test]
    public void ABeginningOfNoCaseIsOneSentence()
    {
        (int status, string output, string errors) = Run("bench", "--backend", "reference", "--case", "pat.*");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((status, output), Is.EqualTo((1, "")));
            Assert.That(errors.TrimEnd(), Does.Match("^pta: case 'pat\\.\\*' is unknown; use edit.all-pairs, .*start.align\\.$"));
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
    [Category("Long")]
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
    public void ACaseWithTwoPeersSaysItsOwnSideOnce()
    {
        string results = Path.Combine(_folder, "results.json"), readme = Path.Combine(_folder, "README.md");
        BenchEntry path = new("path.512", "native", "avx2", 1, 5e9, "cells/s", "scalar C++", 1e9, 5, LimitRate: 2e10, LimitedBy: "two vector operations a cell");
        BenchFiles.Write(
            results, [path, path with { Peer = "Python", PeerRate = 800_000, Ratio = 6250 }, path with { Case = "path.2048", Rate = 1e10 }, path with { Case = "doc.paper", LimitRate = null, LimitedBy = null },
                path with { Case = "map.gpt2-spA", LimitedBy = "memory." }],
            new BenchRunInfo("2026-01-02", "Some CPU", 2, "Linux", ".NET 10", null, null, 10, [new BenchSpread("path.512", 9, 4.5, 5.5, "", Peer: "scalar C++"), new BenchSpread("path.512", 9, 6000, 6500, "", Peer: "Python")]));
        File.WriteAllText(readme, $"{ReadmeTable.Block.Begin}{ReadmeTable.Block.End}");
        ReadmeTable.Rewrite(readme, results);
        string[] lines = File.ReadAllLines(readme);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(lines[3], Is.EqualTo("| path.512 | native, avx2 | 5 G cells/s | 25 % | scalar C++ | 1 G | 5 (4.5..5.5) |"));
            Assert.That(lines[4], Is.EqualTo("|  |  |  |  | Python | 800,000 | 6,250 (6,000..6,500) |"));
            Assert.That(lines[5], Does.StartWith("| path.2048 | native, avx2 | 10 G cells/s | 50 % |"));
            Assert.That(lines[9], Is.EqualTo("Limits: path.512, path.2048: two vector operations a cell; map.gpt2-spA: memory."));
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

        /// <summary>Source tokens of the only paths that are wrong, costs then being right; 0: all are wrong.</summary>
        public int PathLength { get; init; }

        public string Name => "slightly wrong";

        public string Isa => "portable";

        public KernelStatus ComputeCostMatrix(TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, ReadOnlySpan<int> targetTokens, Span2D<byte> cost)
        {
            KernelStatus status = _right.ComputeCostMatrix(source, sourceTokens, target, targetTokens, cost);
            if (PathLength == 0)
                cost[cost.Height - 1, cost.Width - 1]++;
            return status;
        }

        public KernelStatus ComputeCostMatrix(TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, ReadOnlySpan<int> targetTokens, Span2D<ushort> cost) =>
            _right.ComputeCostMatrix(source, sourceTokens, target, targetTokens, cost);

        public KernelStatus ComputeCostMatrices(
            TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, ReadOnlySpan<int> targetTokens, int rows, int columns, Span<byte> cost) =>
            _right.ComputeCostMatrices(source, sourceTokens, target, targetTokens, rows, columns, cost);

        public void ComputeEmbeddingCosts(TokenEmbeddings embeddings, ReadOnlySpan<int> sourceTokens, ReadOnlySpan<int> targetTokens, Span2D<byte> cost) =>
            _right.ComputeEmbeddingCosts(embeddings, sourceTokens, targetTokens, cost);

        public void FindNearestTokens(TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, Span<int> nearest, Span<int> distance)
        {
            _right.FindNearestTokens(source, sourceTokens, target, nearest, distance);
            distance[^1]++;
        }

        public void FindAlignmentPath(ReadOnlySpan<int> source, ReadOnlySpan<int> target, ReadOnlySpan2D<byte> cost, AlignmentPath path)
        {
            _right.FindAlignmentPath(source, target, cost, path);
            (int Source, int Target)[] steps = path.Steps.ToArray();
            if (PathLength != 0 && PathLength != source.Length)
                return;
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
