using System.CommandLine;
using PtaKernels.Effect;
using PtaKernels.Pipeline;

namespace PtaKernels.Training.Tests.Effect;

/// <summary>The effect study's report against differences worked out by hand.</summary>
public sealed class EffectReportTests
{
    private const string Nothing = "before\n<!-- effect:begin -->\nold\n<!-- effect:end -->\nafter\n";

    private DirectoryInfo _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("pta-effect-");

    [TearDown]
    public void RemoveFolder() => _folder.Delete(recursive: true);

    [Test]
    public void EveryMethodStandsInTheTablesOnce()
    {
        EffectResults results = SampleEffect.Create();
        string[] lines = Lines(results);
        foreach (EffectMethod method in results.Methods)
        {
            bool start = method.Name is "clm" or "clm-official";
            string begin = start ? $"| {method.Name}: " : $"| {method.Name} | {method.Change.Replace("|", @"\|", StringComparison.Ordinal)} |";
            Assert.That(lines.Count(l => l.StartsWith(begin, StringComparison.Ordinal)), Is.EqualTo(1), method.Name);
        }

        string[] heads = [.. lines.Where(static l => l.StartsWith("| **", StringComparison.Ordinal)).Select(static l => l.Split("**")[1])];
        Assert.That(heads[..3], Is.EqualTo(new[] { "presets", "other teachers and other methods", "training without teachers" }));
        Assert.That(heads, Is.Unique.And.Contains("fusion, other columns").And.Contains("ideas"));
        Assert.That(lines.Where(static l => l.StartsWith("| change-", StringComparison.Ordinal)).Select(static l => l.Count(static c => c == '|')).Distinct().Count(), Is.EqualTo(1));
    }

    [Test]
    public void DifferencesAreToTheControlOfTheSameSeed()
    {
        // Over seeds: mean as given, variance (4 + 1 + 0 + 1 + 4) / 4 millionths, over five: 0.00071. p of fusion: far below; of t = -3.5e-3 / 7.07e-4 with four degrees of freedom: 0.0078.
        string[] lines = Lines(SampleEffect.Create());
        Assert.That(lines, Does.Contain("| fusion |  | 0.5 | −0.0364 ± 0.0007 | −0.0364 ± 0.0007 | \\<0.0001 | \\<0.0001 |  | 0.860 | 0.280 / 0.188 | 0.200 | 0.700 | 2.5 | 5 |"));
        Assert.That(lines, Does.Contain("| reference | as the official code does | 0.5 | −0.0035 ± 0.0007 | −0.0035 ± 0.0007 | 0.0078 | 0.0078 | +0.0329, p \\< 0.0001 | 0.860 | 0.190 / 0.188 | 0.110 | 0.790 | 2.5 | 5 |"));
        Assert.That(lines, Does.Contain("| clm-more | four times the text, once each | 1 | −0.0266 ± 0.0007 | −0.0266 ± 0.0007 | \\<0.0001 | \\<0.0001 | +0.0098, p \\< 0.0001 |  |  |  |  |  | 5 |"));
        Assert.That(lines, Does.Contain("| rows-only | exact | 1 |  |  |  |  |  | 0.860 | 0.180 / 0.188 | 0.100 | 0.800 | 2.5 | 5 |"));
        Assert.That(lines, Does.Contain("| neox | 1.1900 ± 0.0100 | 1.4900 ± 0.0100 | 1.2500 ± 0.0100 | 2 |").And.Contain("| mpt | 1.3000 | 1.6000 | 1.3600 | 1 |"));
        // Bits per byte: -0.0364 against clm; clm-official is 0.03 above it and reference 0.0035 below that, so -0.0629 as they are and -0.0329 less the controls. Both vary alike.
        Assert.That(lines.Single(static l => l.StartsWith("| reference | −0.0629", StringComparison.Ordinal)), Does.Contain("| −0.0329 ± 0.0000 |"));
        Assert.That(lines.Single(static l => l.StartsWith("| clm | −0.0364", StringComparison.Ordinal)), Does.EndWith("|  |  |  |  |"), "one control");
    }

    [Test]
    public void SentencesFollowFromTheFigures()
    {
        string text = string.Join('\n', Lines(SampleEffect.Create()));
        Assert.That(text, Does.Contain("fusion is better than clm, fuse-soft and reference with p \\< 0.005 in every domain, as it is and less the controls."));
        // fuse-hard lies 0.0014 above fusion as it is and 0.0286 below it less the controls.
        Assert.That(text, Does.Contain("fusion is not shown to be better than fuse-hard:"));
        Assert.That(text, Does.Contain("gains at as many candidates (same-tokenizer), fusion recovers 0.70 (core 0.70, web 0.70); byte-tail recovers 0.50 (core 0.50, web 0.50)."));
        Assert.That(text, Does.Contain("core −0.0390 to −0.0340; web −0.0410 to −0.0310"));
        Assert.That(text, Does.Contain("scripts/effect: 11.1 hours of training, alignment and evaluation. Seeds 1, 2, 3, 4 and 5; sets of teachers by seed: 101 for 1, 2 and 3; 102 for 4 and 5. Held out: core 1,234 documents, 0.25 MB, web 345 documents, 0.11 MB. 2026-11-26 20:05 UTC."));
        EffectResults worse = SampleEffect.Create();
        worse = worse with { Methods = [.. worse.Methods.Select(static m => m.Name == "fusion" ? m with { Runs = [.. m.Runs.Select(static r => r with { BitsPerByte = r.BitsPerByte.ToDictionary(static b => b.Key, static b => b.Value + 0.1) })] } : m)] };
        Assert.That(string.Join('\n', Lines(worse)), Does.Contain("fusion is worse than clm, fuse-soft, fuse-hard and reference with p"));
    }

    [Test]
    public void DocumentsAreTheFarthestFive()
    {
        string[] lines = Lines(SampleEffect.Create());
        int at = Array.IndexOf(lines, "| document | domain | Δ |");
        Assert.That(lines[(at + 2)..(at + 12)].Select(static l => l.Split('|')[3].Trim()), Is.EqualTo(new[] { "+0.300", "+0.290", "+0.280", "+0.270", "+0.260", "−0.440", "−0.430", "−0.420", "−0.410", "−0.400" }));
    }

    [Test]
    public void RowsAreCorrelatedWithStudents()
    {
        EffectResults results = SampleEffect.Create();
        // Gold probabilities 0.2 0.12 0.11 0.24: higher, then better; fuse-soft is out of place by none.
        results = results with { Methods = [.. results.Methods.Where(static m => m.Group is "controls" or "presets" || m.Name is "same-tokenizer" or "fuse-soft" || m.Group == "weight")] };
        var statistics = new EffectStatistics(results);
        IReadOnlyList<EffectPrediction> predictions = statistics.Predictions();
        Assert.That(predictions.Select(static p => p.Method.Name), Is.EqualTo(new[] { "fusion", "reference", "paper", "same-tokenizer", "fuse-soft" }));
        // By p(gold): reference, paper, fuse-soft, fusion, same-tokenizer; by difference from the top: paper, reference, fuse-soft, fusion, same-tokenizer. One neighbouring pair exchanged: 1 - 6 * 2 / (5 * 24).
        RankCorrelation rank = EffectStatistics.Correlation(predictions, static p => p.GoldProbability);
        Assert.That(rank.Coefficient, Is.EqualTo(-0.9).Within(1e-12));
        Assert.That(rank.PValue, Is.EqualTo(10 / 120.0).Within(1e-12));
        Assert.That(string.Join('\n', Lines(results)), Does.Contain("| p(gold) | −0.90 | 0.083 | 5 |").And.Contain("| signal kept | 0.90 | 0.083 | 5 |"));
    }

    [Test]
    public void OneSeedHasNoP()
    {
        string[] lines = Lines(SampleEffect.Create(1));
        // The first seed lies 0.002 below the mean.
        Assert.That(lines, Does.Contain("| fusion |  | 0.5 | −0.0384 | −0.0384 |  |  |  | 0.860 | 0.280 / 0.188 | 0.200 | 0.700 | 2.5 | 1 |"));
        Assert.That(string.Join('\n', lines), Does.Contain("fusion is not shown to be better than clm, fuse-soft, fuse-hard and reference"));
        Write(SampleEffect.Create(1));
    }

    [Test]
    public void OnlySeedsOfBothArePaired()
    {
        EffectResults results = SampleEffect.Create();
        EffectMethod clm = results.Methods[0];
        results = results with { Methods = [clm with { Runs = [.. clm.Runs.Skip(2)] }, .. results.Methods.Skip(1)] };
        // Seeds 3 to 5: 0, +0.001 and +0.002 around the mean.
        Assert.That(Lines(results).Single(static l => l.StartsWith("| fusion |  |", StringComparison.Ordinal)), Does.Contain("| −0.0354 ± 0.0006 |").And.EndsWith("| 3 |"));
    }

    [Test]
    public void ContradictionsAreNamed()
    {
        EffectResults results = SampleEffect.Create();
        string path = Path.Combine(_folder.FullName, "x.json");
        EffectMethod first = results.Methods[3];
        Refuses(first with { Control = "clm-other" }, "fusion: its control clm-other is not among the methods");
        Refuses(first with { Group = "others" }, "fusion: there is no group others");
        Refuses(first with { Name = "clm" }, "two methods are named clm");
        Refuses(first with { Runs = [first.Runs[0], first.Runs[0]] }, "fusion: seed 1 ran twice");
        Refuses(first with { Runs = [first.Runs[0] with { BitsPerByte = new Dictionary<string, double> { ["core"] = 1 } }] }, "fusion, seed 1: bits per byte of web, all are missing");

        void Refuses(EffectMethod method, string sentence)
        {
            EffectResults bad = results with { Methods = [.. results.Methods.Select(m => m == first ? method : m)] };
            Assert.That(() => bad.Write(path), Throws.TypeOf<AlignmentDataException>().With.Message.Contains(sentence));
            Assert.That(() => new EffectStatistics(bad), Throws.TypeOf<AlignmentDataException>().With.Message.Contains(sentence));
            Assert.That(_folder.EnumerateFileSystemInfos(), Is.Empty);
        }
    }

    [Test]
    public void FileIsReadAsItWasWritten()
    {
        string path = Path.Combine(_folder.FullName, "a.json"), again = Path.Combine(_folder.FullName, "b.json");
        SampleEffect.Create().Write(path);
        EffectResults.Read(path).Write(again);
        string text = File.ReadAllText(path);
        Assert.That(File.ReadAllText(again), Is.EqualTo(text));
        Assert.That(text, Does.Contain("\"gold_top1\": 0.28").And.Contain("\"teacher_sets\": {\n    \"1\": 101").And.Contain("\"p_value\": 0.0002"));
        Assert.That(EffectResults.Read(path).Methods[3].Bootstrap["web"].Low, Is.EqualTo(-0.041));
        File.WriteAllText(path, text[..^100]);
        Assert.That(() => EffectResults.Read(path), Throws.TypeOf<AlignmentDataException>().With.Message.StartsWith(path).And.Message.EndsWith("write them again."));
        File.WriteAllText(path, text.Replace("\"control\": \"clm\"", "\"control\": \"none\"", StringComparison.Ordinal));
        Assert.That(() => EffectResults.Read(path), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("its control none is not among the methods"));
        Assert.That(() => EffectResults.Read(path + "x"), Throws.TypeOf<AlignmentDataException>());
    }

    [Test]
    public void VerbWritesPagePicturesAndReadme()
    {
        (string json, string readme) = Write(SampleEffect.Create());
        Assert.That(_folder.GetFiles("*", SearchOption.AllDirectories).Select(static f => f.Name).Order(), Is.EqualTo(new[] { "2026-11-26-effect-differences.png", "2026-11-26-effect-rows.png", "2026-11-26-effect.json", "2026-11-26-effect.md", "README.md" }));
        string text = File.ReadAllText(readme);
        Assert.That(text, Does.StartWith("before\n<!-- effect:begin -->\nfusion is better").And.EndWith("\n<!-- effect:end -->\nafter\n").And.Contain("(results/2026-11-26-effect-rows.png)"));
        string page = File.ReadAllText(Path.ChangeExtension(json, ".md"));
        Assert.That(page, Does.StartWith("# Which alignment teaches\n").And.Contain("(2026-11-26-effect-rows.png)").And.Contain("| fusion | 2 | 1.4126 | 1.7126 | 1.4726 | −0.0374 | −0.0374 | −0.0374 | 329032 | 438 | 41.5 |"));
        Assert.That(page, Does.Contain("| fusion | core | −0.0364 | 0.0007 | −0.0384 to −0.0344 | −51.48 | \\<0.0001 | 5 |").And.Contain("| fusion | 0.003 | 1.4500 |"));
        byte[] picture = File.ReadAllBytes(Path.ChangeExtension(json, null) + "-rows.png");
        Write(SampleEffect.Create());
        Assert.That(File.ReadAllText(readme), Is.EqualTo(text), "nothing more the second time");
        Assert.That(File.ReadAllBytes(Path.ChangeExtension(json, null) + "-rows.png"), Is.EqualTo(picture));
    }

    [Test]
    public void VerbSaysWhatIsWrong()
    {
        using StringWriter output = new(), errors = new();
        int exit = PtaKernels.Cli.Program.Run(new RootCommand { ReportCommand.Create() }, ["report", Path.Combine(_folder.FullName, "missing.json")], output, errors);
        Assert.That(exit, Is.EqualTo(1));
        Assert.That(errors.ToString(), Does.Contain("missing.json").And.Contain("expected the results of the effect study"));
        (string json, _) = Write(SampleEffect.Create());
        exit = PtaKernels.Cli.Program.Run(new RootCommand { ReportCommand.Create() }, ["report", json], output, errors);
        Assert.That(exit, Is.Zero);
        Assert.That(output.ToString(), Does.Contain("2026-11-26-effect.md"));
    }

    [Test]
    public void PicturesShowEveryMethod()
    {
        var statistics = new EffectStatistics(SampleEffect.Create());
        string[] names = [.. EffectCharts.Differences(statistics).Shapes.OfType<TextShape>().Select(static t => t.Text)];
        string[] compared = [.. statistics.Results.Methods.Where(static m => m.Control is not null).Select(static m => m.Name)];
        Assert.That(names.Where(compared.Contains), Is.EquivalentTo(compared));
        Assert.That(names.Where(compared.Contains).First(), Is.EqualTo("byte-tail-same-tokenizer"), "the best first");
        string[] points = [.. EffectCharts.Rows(statistics).Shapes.OfType<TextShape>().Select(static t => t.Text)];
        Assert.That(points, Does.Contain("fusion").And.Contain("same-tokenizer").And.Some.Contains("rank correlation"));
    }

    [Test]
    public void TheSearchStandsOnThePageAlone()
    {
        EffectResults results = SampleEffect.Create();
        EffectMethod change = results.Methods.First(static m => m.Name == "change-0");
        results = results with { Methods = [.. results.Methods, change with { Name = "first", Group = EffectMethod.Search }, change with { Name = "first-other", Group = EffectMethod.Search }] };
        string[] readme = Lines(results), page = EffectPage.ToMarkdown(new EffectStatistics(results), []).Split('\n');
        Assert.That(readme.Any(static l => l.StartsWith("| first", StringComparison.Ordinal)), Is.False);
        Assert.That(readme, Does.Contain("The 2 rows of the search that set fusion's values are on the results' own page."));
        Assert.That(page.Count(static l => l.StartsWith("| first | switch", StringComparison.Ordinal)), Is.EqualTo(1));
        Assert.That(page.Count(static l => l.StartsWith("| first-other | switch", StringComparison.Ordinal)), Is.EqualTo(1));
        var statistics = new EffectStatistics(results);
        Assert.That(statistics.Predictions().Select(static p => p.Method.Name), Has.None.StartsWith("first"));
        Assert.That(EffectCharts.Differences(statistics).Shapes.OfType<TextShape>().Select(static t => t.Text), Has.None.EqualTo("first-other"));
    }

    [Test]
    public void AddedRowsAreComparedWithTheirOwnCall()
    {
        // The other machine's students all lie 0.2 higher, and its fusion gains 0.01 less: what stands beside the first results' rows would be +0.2.
        EffectResults first = SampleEffect.Create(), later = SampleEffect.Added(3, 0.2);
        string[] lines = Lines(first, later);
        // topk: -0.0284 against its clm and -0.002 against its fusion's -0.0264, over seeds 1 to 3, which lie 0.001 below the mean; variance (1 + 0 + 1) / 2 millionths.
        Assert.That(lines, Does.Contain("| topk | as top1, projection topk | 0.5 | −0.0294 ± 0.0006 | −0.0294 ± 0.0006 | 0.0004 | 0.0004 | −0.0020, p \\< 0.0001 | 0.860 | 0.280 / 0.188 | 0.200 | 0.700 | 2.5 | 3 |"));
        Assert.That(lines.Count(static l => l.StartsWith("| topk | fusion | −0.0020 ± 0.0000 |", StringComparison.Ordinal)), Is.EqualTo(1), "what it is a change of");
        Assert.That(lines.Count(static l => l.StartsWith("| fusion |  |", StringComparison.Ordinal)), Is.EqualTo(1), "the first results' row");
        Assert.That(lines, Does.Contain(Lines(first).Single(static l => l.StartsWith("| fusion |  |", StringComparison.Ordinal))));
        string end = lines.Last(static l => l.Length > 0);
        Assert.That(end, Does.StartWith("Row topk, compared with the controls and the fusion of their own call: scripts/effect run --methods topk: 10.0 minutes").And.Contains("2026-11-28 08:00 UTC. another machine."));
        Assert.That(end, Does.Contain("fusion's Δ there: core −0.0274 ± 0.0006, web −0.0274 ± 0.0006."));
        string page = EffectPage.ToMarkdown(new EffectStatistics(first, later), []);
        // Seed 2: 1.43 + 0.02 + 0.2 - 0.0284 - 0.001; its control 1.43 + 0.02 + 0.2.
        Assert.That(page, Does.Contain("| topk | 2 | 1.6206 |").And.Contain("| clm of 2026-11-28 | 2 | 1.6500 |").And.Contain("| fusion of 2026-11-28 | 2 |"));
    }

    [Test]
    public void AddedRowsStandInPicturesAndOnlyOnce()
    {
        EffectResults first = SampleEffect.Create(), later = SampleEffect.Added(3, 0.2);
        var statistics = new EffectStatistics(first, later, SampleEffect.Added(2, 0.5));
        Assert.That(statistics.Ordered.Select(static m => m.Name), Is.Unique.And.Contain("topk"));
        Assert.That(statistics.Find("topk")!.Runs, Has.Count.EqualTo(3), "of the file that comes first");
        Assert.That(EffectCharts.Differences(statistics).Shapes.OfType<TextShape>().Count(static t => t.Text == "topk"), Is.EqualTo(1));
        EffectResults otherText = later with { HeldOut = new Dictionary<string, EffectText> { ["core"] = new(1234, 250_001), ["web"] = new(345, 110_000) } };
        Assert.That(() => new EffectStatistics(first, otherText), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("its held-out text is not that of the results before it"));
    }

    private static string[] Lines(EffectResults results, params EffectResults[] added) => EffectTable.ToMarkdown(new EffectStatistics(results, added), []).Split('\n');

    private (string Json, string Readme) Write(EffectResults results)
    {
        string folder = Path.Combine(_folder.FullName, "results"), json = Path.Combine(folder, "2026-11-26-effect.json"), readme = Path.Combine(_folder.FullName, "README.md");
        Directory.CreateDirectory(folder);
        results.Write(json);
        File.WriteAllText(readme, Nothing);
        ReportCommand.Write([json], readme);
        return (json, readme);
    }
}
