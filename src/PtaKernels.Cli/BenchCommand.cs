using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using PtaKernels.Cli.Bench;
using PtaKernels.Gpu;

namespace PtaKernels.Cli;

/// <summary><c>pta bench</c>: checked answers, then rates of one thread against a peer in the same run.</summary>
internal static class BenchCommand
{
    /// <summary>Widths of the printed columns; negative ones are aligned to the left.</summary>
    private static readonly int[] Widths = [-22, -11, -8, 7, 9, -10, -22, 9, 7, -16];

    public static Command Create()
    {
        var common = new CommonOptions();
        var cases = new Option<string[]>("--case") { Description = "cases to run, as --list names them, or all that begin alike, as path.*; default: all", HelpName = "id", AllowMultipleArgumentsPerToken = true };
        var seconds = new Option<double>("--seconds") { Description = "seconds of timing per case, both sides together; a slow peer makes at least three passes", HelpName = "s", DefaultValueFactory = static _ => 10 };
        var json = new Option<string?>("--json") { Description = "also write the results to this file, and the machine and versions to NAME.run.json beside it", HelpName = "file" };
        var golden = new Option<string?>("--golden") { Description = "folder of golden files; default: the repository's tests/golden", HelpName = "dir" };
        var vocabularies = new Option<string?>("--vocab") { Description = "folder of vocabularies; default: DIR/vocab, else the repository's samples/vocab", HelpName = "dir" };
        var readme = new Option<string?>("--readme") { Description = "measure nothing; write the table of this results file into the repository's README.md", HelpName = "file" };
        var list = new Option<bool>("--list") { Description = "measure nothing; print the cases of the backend" };
        var verb = new Verb(
            "bench", "Check the answers, then time the backend round by round with a peer; exit status 1 on a wrong answer.",
            "pta bench",
            "pta bench --list",
            "pta bench --case 'path.*' doc.reference --seconds 30 --json results.json",
            "pta bench --backend reference --golden tests/golden --vocab samples/vocab")
        {
            cases, list, seconds, common.Backend, json, golden, vocabularies, readme,
        };
        verb.SetAction(parse =>
        {
            if (parse.GetValue(readme) is { } results)
            {
                ReadmeTable.Rewrite(Path.Combine(RepositoryFolder.Find() ?? ".", "README.md"), results);
                return 0;
            }

            if (parse.GetValue(list))
            {
                foreach (BenchOffer one in BenchSuite.OfferedTo(common.OpenBackend(parse)))
                    Terminal.Of(parse).Line(Terminal.Escape($"{one.Id,-26}{one.What}"));
                return 0;
            }

            string root = RepositoryFolder.Find() ?? ".", folder = parse.GetValue(golden) ?? Path.Combine(root, "tests", "golden");
            string vocab = parse.GetValue(vocabularies)
                ?? (Directory.Exists(Path.Combine(folder, "vocab")) ? Path.Combine(folder, "vocab") : Path.Combine(root, "samples", "vocab"));
            return Run(Terminal.Of(parse), common.OpenBackend(parse), folder, vocab, parse.GetValue(cases) ?? [], parse.GetValue(seconds), parse.GetValue(json));
        });
        return verb;
    }

    internal static int Run(Terminal terminal, IKernelBackend backend, string golden, string vocabularies, IReadOnlyCollection<string> cases, double seconds, string? json)
    {
        using var data = new BenchData(backend, golden, vocabularies, seconds);
        bool header = false;
        (string, int) noted = default;
        List<BenchResult> results = BenchSuite.Run(data, cases, result =>
        {
            if (!header)
                terminal.Line($"[bold]{Format("case", "backend", "isa", "threads", "rate", "unit", "peer", "peer rate", "ratio", "min..max")}[/]");
            header = true;
            BenchEntry e = BenchFiles.EntryOf(result, backend);
            terminal.Line(Terminal.Escape(Format(
                e.Clock is null ? e.Case : $"{e.Case}, {e.Clock}", e.Backend, e.Isa, e.Threads.ToString(CultureInfo.InvariantCulture), ReadmeTable.Number(e.Rate), e.Unit, e.Peer, ReadmeTable.Number(e.PeerRate),
                ReadmeTable.Number(e.Ratio), $"{ReadmeTable.Number(result.RatioMin)}..{ReadmeTable.Number(result.RatioMax)}")));
            if (noted != (result.Case, result.Threads))
                terminal.Line($"[grey]    {Terminal.Escape($"{result.Note}; {result.Rounds} rounds")}[/]");
            noted = (result.Case, result.Threads);
        });
        Dictionary<string, string> peers = data.PeerVersions;
        if (peers.Count > 0)
            terminal.Line(Terminal.Escape($"Peers: {string.Join(", ", peers.Select(static p => $"{p.Key} {p.Value}"))}."));
        if (data.MissingPeers.Count > 0)
            terminal.Errors.WriteLine($"notice: left out the peers {string.Join(", ", data.MissingPeers)}: perf/peers/setup gets them.");
        if (data.LeftOut is { } left)
            terminal.Errors.WriteLine($"notice: left out {left}.");
        if (json is not null)
        {
            var run = new BenchRunInfo(
                DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), Machine.CpuName(), Environment.ProcessorCount, RuntimeInformation.OSDescription,
                RuntimeInformation.FrameworkDescription, peers.GetValueOrDefault("Python"), peers.GetValueOrDefault("NumPy"), seconds, [.. results.Select(BenchFiles.SpreadOf)], peers.GetValueOrDefault("g++"), data.RapidFuzz,
                backend is GpuBackend gpu ? new BenchDevice(gpu.DeviceName, gpu.ComputeCapability, gpu.Driver) : null, peers.Count > 0 ? peers : null);
            BenchFiles.Write(json, results.Select(r => BenchFiles.EntryOf(r, backend)), run);
        }

        return 0;
    }

    private static string Format(params string[] cells) =>
        string.Join(" ", cells.Zip(Widths, static (c, w) => w < 0 ? c.PadRight(-w) : c.PadLeft(w))).TrimEnd();
}
