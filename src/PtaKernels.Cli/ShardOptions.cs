using System.CommandLine;
using System.Globalization;
using PtaKernels.Corpus.Parts;

namespace PtaKernels.Cli;

/// <summary>Which part of the documents a run takes, of how many; for arrays of tasks that run one command. One instance per verb.</summary>
internal sealed class ShardOptions
{
    /// <summary>Where the index comes from when no option says it: a Slurm array's task, a pod of a Kubernetes Indexed Job.</summary>
    private static readonly string[] Variables = ["SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"];

    private readonly Option<int?> _shards = new("--shards") { Description = "this run is one of N: it takes as many documents as every other, and writes OUT-00003-of-00012; `pta gather` joins them", HelpName = "N" };

    private readonly Option<int?> _shard = new("--shard") { Description = $"which one, from 0; default: ${string.Join(", else $", Variables)}", HelpName = "I" };

    /// <summary>Adds them to a verb.</summary>
    public void AddTo(Command verb)
    {
        verb.Options.Add(_shards);
        verb.Options.Add(_shard);
    }

    /// <summary>The part of a command line, or null where it takes all documents.</summary>
    /// <exception cref="ArgumentException">There is no index, or none of the parts has it.</exception>
    public CorpusPart? Of(ParseResult parse)
    {
        int? index = parse.GetValue(_shard);
        if (parse.GetValue(_shards) is not { } count)
            return index is null ? null : throw new ArgumentException($"--shard is {index}, and --shards does not say of how many; give both.");
        if (count is < 1 or > CorpusPart.MaxCount)
            throw new ArgumentException($"--shards is {count}; it must be 1..{CorpusPart.MaxCount}.");
        string name = "--shard";
        foreach (string variable in index is null ? Variables : [])
        {
            if (Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } value)
                continue;
            index = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : throw new ArgumentException($"{variable} is '{value}', which is no number; give --shard.");
            name = variable;
            break;
        }

        if (index is not { } at)
            throw new ArgumentException($"--shards is {count}, and nothing says which one this is: give --shard 0..{count - 1}, or run as a task of a Slurm array or of a Kubernetes Indexed Job ({string.Join(", ", Variables)}).");
        if (at < 0 || at >= count)
            throw new ArgumentException($"{name} is {at}, and --shards {count} has the shards 0..{count - 1}.");
        return new CorpusPart(at, count, Stores.StoreOptionSet.ProducerOf(parse, PartSet.WordsOf(at, count)));
    }

    /// <summary>Where a part is written.</summary>
    public static string NameOf(string output, CorpusPart? part) => part is null ? output : CorpusPart.NameOf(output, part.Index, part.Count);

    /// <summary>Runs a part, unless it is there already: then a task that is started again costs nothing. Of several runs of one part exactly one makes it.</summary>
    /// <param name="terminal">Where that is said.</param>
    /// <param name="path">Where the part is written.</param>
    /// <param name="finished">Whether it is there, made by this command from these inputs; null where all documents are taken.</param>
    /// <param name="asJson">Whether standard output takes JSON.</param>
    /// <param name="work">Makes it.</param>
    public static int Run(Terminal terminal, string path, Func<bool>? finished, bool asJson, Func<int> work)
    {
        if (finished is null)
            return work();
        if (finished())
            return Finished("finished already");
        try
        {
            return work();
        }
        catch (AlignmentDataException) when (finished())
        {
            return Finished("finished by another run meanwhile");
        }

        int Finished(string how)
        {
            if (asJson)
                terminal.WriteJson(new { Out = path, Finished = true });
            else
                terminal.Output.WriteLine($"{path}: {how}.");
            return 0;
        }
    }
}
