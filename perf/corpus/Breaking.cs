using System.CommandLine;
using PtaKernels.Cli;

namespace PtaKernels.CorpusBench;

/// <summary>What the verbs that try to break a run share: a small piece of the corpus, aligned undisturbed, and a count of what held.</summary>
internal sealed class Breaking : IDisposable
{
    private readonly TextWriter _output;
    private readonly string _scratch;
    private int _passed, _failed, _skipped;

    private Breaking(string corpus, string scratch, AlignWork work, TextWriter output)
    {
        (_scratch, Work, _output) = (scratch, work, output);
        Directory.CreateDirectory(scratch);
        Expected = Path.Combine(scratch, Path.GetFileName(work.OutputNamed("undisturbed")));
        AlignWork.Remove(Expected);
        using PtaProcess run = PtaProcess.Run(work.Arguments(Expected));
        Seconds = run.Seconds;
        output.WriteLine($"undisturbed: {work.Documents} documents of {corpus}, {FolderBytes.SizeOf(Expected):N0} bytes in {FolderBytes.FilesOf(Expected).Length} files, {Seconds:F1} s");
    }

    /// <summary>The run.</summary>
    public AlignWork Work { get; }

    /// <summary>Its output.</summary>
    public string Expected { get; }

    /// <summary>How long it took.</summary>
    public double Seconds { get; }

    /// <summary>Exit status: 0 where nothing failed.</summary>
    public int ExitCode => _failed > 0 ? Cli.Program.Failed : 0;

    /// <summary>A path beside the undisturbed output.</summary>
    public string Named(string name) => Path.Combine(_scratch, Path.GetFileName(Work.OutputNamed(name)));

    /// <summary>Options of these verbs: the corpus, the size, the preset, sources, the size of shards.</summary>
    public static BreakingOptions Options(int documents) => new(
        RunCommand.Data(), ValueOption.Count("--documents", "the first so many documents", documents), ValueOption.OneOf("--preset", "preset", "reference", "paper", "fusion"),
        ValueOption.Count("--sources", "number of sources", 1), MakeCommand.Whole("--shard-tokens", "tokens after which a shard of the output ends", 20_000), MakeCommand.Whole("--seed", "everything random", 1));

    /// <summary>Aligns undisturbed.</summary>
    /// <exception cref="AlignmentDataException">That fails.</exception>
    public static Breaking Of(ParseResult parse, BreakingOptions options)
    {
        string corpus = Path.GetFullPath(parse.GetValue(options.Data)!);
        var work = new AlignWork(corpus, parse.GetValue(options.Preset)!, parse.GetValue(options.Sources), parse.GetValue(options.Documents)) { ShardTokens = parse.GetValue(options.ShardTokens) };
        return new Breaking(corpus, Path.Combine(corpus, "breaking.tmp"), work, parse.InvocationConfiguration.Output);
    }

    /// <summary>Counts an outcome.</summary>
    /// <param name="what">What was done.</param>
    /// <param name="problem">What is wrong; null for nothing.</param>
    /// <param name="times">How many it stands for.</param>
    public void Count(string what, string? problem, int times = 1)
    {
        _passed += problem is null ? times : 0;
        _failed += problem is null ? 0 : times;
        if (problem is not null)
            _output.WriteLine($"FAILED {what}: {problem}");
    }

    /// <summary>Counts what cannot be done here.</summary>
    public void Skip(string why, int times)
    {
        _skipped += times;
        _output.WriteLine($"skipped: {why}");
    }

    /// <summary>Writes a line.</summary>
    public void Say(string line) => _output.WriteLine(line);

    /// <summary>The last line.</summary>
    public void Conclude() => _output.WriteLine($"{_passed} passed, {_failed} failed{(_skipped > 0 ? $", {_skipped} skipped" : "")}");

    /// <summary>Removes everything.</summary>
    public void Dispose()
    {
        if (Directory.Exists(_scratch))
            Directory.Delete(_scratch, recursive: true);
    }
}

/// <summary>Options of the verbs that try to break a run.</summary>
internal sealed record BreakingOptions(Option<string> Data, Option<int> Documents, Option<string> Preset, Option<int> Sources, Option<long> ShardTokens, Option<long> Seed)
{
    /// <summary>Adds all of them to a verb.</summary>
    public void AddTo(Command verb)
    {
        foreach (Option option in new Option[] { Data, Documents, Preset, Sources, ShardTokens, Seed })
            verb.Options.Add(option);
    }
}
