using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using PtaKernels.Cli.Bench;

namespace PtaKernels.CorpusBench;

/// <summary>Measures <c>pta align</c> on the first tokens of a corpus, disk to disk.</summary>
internal sealed class MeasureRun
{
    private const string Output = "measured.tmp", Report = "measured.report.json";

    /// <summary>The corpus.</summary>
    public required string Corpus { get; init; }

    /// <summary>Target tokens of each size.</summary>
    public required IReadOnlyList<long> Sizes { get; init; }

    /// <summary>Presets.</summary>
    public required IReadOnlyList<string> Presets { get; init; }

    /// <summary>Numbers of sources.</summary>
    public required IReadOnlyList<int> Sources { get; init; }

    /// <summary>Numbers of processors; empty for all there are.</summary>
    public required IReadOnlyList<int> Threads { get; init; }

    /// <summary>How often each is measured, all in turn.</summary>
    public required int Rounds { get; init; }

    /// <summary>Documents whose answers are compared first.</summary>
    public required int CheckedDocuments { get; init; }

    /// <summary>What was typed.</summary>
    public required string Command { get; init; }

    /// <summary>Told what is done.</summary>
    public Action<string> Notice { get; init; } = static _ => { };

    /// <summary>Checks, then measures.</summary>
    /// <exception cref="AlignmentDataException">An answer is wrong or a run fails.</exception>
    public CorpusResults Run(CancellationToken cancellation)
    {
        CorpusFacts facts = CorpusFacts.Read(Corpus);
        List<CheckedAnswer> checks = [];
        foreach (string preset in CheckedDocuments > 0 ? Presets : [])
        {
            CheckedAnswer answer = AnswerCheck.Run(new AlignWork(Corpus, preset, Sources.Max(), CheckedDocuments));
            checks.Add(answer);
            Notice($"{preset}: {answer.Documents} documents as backend {answer.Backend} has them, {answer.Different} of {answer.Rows:N0} rows different");
        }

        int[] threads = Threads.Count > 0 ? [.. Threads] : [Environment.ProcessorCount];
        Measured[] all = [.. from size in Sizes from preset in Presets from sources in Sources from count in threads select new Measured(Corpus, size, preset, sources, count)];
        for (int round = 0; round < Rounds; round++)
        {
            foreach (Measured one in all)
            {
                cancellation.ThrowIfCancellationRequested();
                one.Once(Path.Combine(Corpus, Report), threads: Threads.Count > 0);
                Notice($"round {round + 1}: {one}");
            }
        }

        return new CorpusResults
        {
            Date = DateTimeOffset.Now,
            Machine = Machine.CpuName(),
            Cores = Environment.ProcessorCount,
            Versions = new SortedDictionary<string, string>(StringComparer.Ordinal)
            {
                ["pta"] = typeof(MeasureRun).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "",
                [".NET"] = Environment.Version.ToString(),
                ["system"] = RuntimeInformation.OSDescription,
                ["commit"] = Commit(),
            },
            Command = Command,
            Corpus = facts,
            Checks = checks,
            Runs = [.. all.Select(m => m.Result(facts))],
        };
    }

    /// <summary>The checkout's commit, with a plus sign where files were changed since; empty outside one.</summary>
    public static string Commit()
    {
        if (RepositoryFolder.Find() is not { } repository)
            return "";
        return Git("rev-parse", "--short", "HEAD") + (Git("status", "--porcelain", "--untracked-files=no").Length > 0 ? "+" : "");

        string Git(params string[] arguments)
        {
            try
            {
                using Process git = Process.Start(new ProcessStartInfo("git", ["-C", repository, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
                string text = git.StandardOutput.ReadToEnd().Trim();
                git.WaitForExit();
                return git.ExitCode == 0 ? text : "";
            }
            catch (System.ComponentModel.Win32Exception)
            {
                return "";
            }
        }
    }

    /// <summary>One case and what its rounds gave.</summary>
    private sealed class Measured
    {
        private readonly AlignWork _work;
        private readonly int _threads;
        private readonly long _targetTokens, _sourceTokens;
        private readonly List<double> _seconds = [], _runSeconds = [];
        private long _peak, _bytes;

        public Measured(string corpus, long size, string preset, int sources, int threads)
        {
            (int documents, long[] tokens, _) = CorpusFacts.FirstOf(corpus, size);
            if (tokens.Length <= sources)
                throw new AlignmentDataException($"{corpus}: has {tokens.Length - 1} sources, fewer than the {sources} asked for; make it with --sources {sources}.");
            (_work, _threads, _targetTokens, _sourceTokens) = (new AlignWork(corpus, preset, sources, documents), threads, tokens[0], tokens[1..(sources + 1)].Sum());
        }

        public void Once(string report, bool threads)
        {
            string output = _work.OutputNamed(Output);
            AlignWork.Remove(output);
            try
            {
                using PtaProcess run = PtaProcess.Run(_work.Arguments(output, report), threads ? _threads : null);
                _seconds.Add(run.Seconds);
                _peak = Math.Max(_peak, run.PeakBytes);
                _bytes = FolderBytes.SizeOf(output);
                using JsonDocument json = JsonDocument.Parse(File.ReadAllText(report));
                _runSeconds.Add(json.RootElement.GetProperty("seconds").GetDouble());
                long tokens = json.RootElement.GetProperty("target_tokens").GetInt64();
                if (tokens != _targetTokens)
                    throw new AlignmentDataException($"{output}: the run reports {tokens} target tokens where its input has {_targetTokens}.");
            }
            finally
            {
                AlignWork.Remove(output);
                File.Delete(report);
            }
        }

        public override string ToString() =>
            $"{_work.Preset}, {_work.Sources} source(s), {_targetTokens:N0} target tokens, {_threads} threads: {_seconds[^1]:F1} s, {_targetTokens / _seconds[^1]:N0} a second ({_targetTokens / _runSeconds[^1]:N0} without the start), {_peak / 1e6:F0} MB, {(double)_bytes / _targetTokens:F1} bytes/token";

        public MeasuredRun Result(CorpusFacts facts) => new()
        {
            Preset = _work.Preset,
            Sources = _work.Sources,
            Threads = _threads,
            Documents = _work.Documents,
            TargetTokens = _targetTokens,
            SourceTokens = _sourceTokens,
            Seconds = Median(_seconds),
            AllSeconds = [.. _seconds.Select(static s => Math.Round(s, 3))],
            RunSeconds = Median(_runSeconds),
            PeakBytes = _peak,
            OutputBytes = _bytes,
            InputBytesPerToken = Math.Round((double)facts.Models.Take(_work.Sources + 1).Sum(static m => m.Bytes) / facts.Models.Take(_work.Sources + 1).Sum(static m => m.Tokens), 2),
        };

        private static double Median(List<double> values)
        {
            double[] sorted = [.. values.Order()];
            return Math.Round((sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2, 3);
        }
    }
}
