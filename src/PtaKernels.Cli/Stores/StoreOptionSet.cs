using System.CommandLine;
using System.Reflection;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Cli.Stores;

/// <summary>Options of every verb that writes a store. One instance per verb.</summary>
internal sealed class StoreOptionSet
{
    /// <summary>Options that say where and how, but not what is written: no part of the command that a store notes.</summary>
    private static readonly string[] WithValue = ["--out", "--report", "--backend", "--workers", "--shards", "--shard"], Flags = ["--force", "--json", "--repair"];

    private readonly Option<long> _shardTokens = new("--shard-tokens")
    {
        Description = $"store: tokens of a shard, what a stopped run loses at most; default {StoreOptions.DefaultShardTokens}", HelpName = "N", DefaultValueFactory = static _ => StoreOptions.DefaultShardTokens,
    };

    private readonly Option<string> _ids = ValueOption.OneOf("--ids", "store: how token ids are kept; auto: 16 bits where the vocabulary fits, else packed", "auto", "u16", "u32", "packed");

    private readonly Option<string> _values = ValueOption.OneOf("--values", "store: type of logits, log-probabilities and fused values", "float16", "float32", "float64");

    private readonly Option<bool> _zstd = new("--zstd") { Description = "store: compress by zstd; smaller, and read more slowly" };

    private readonly Option<int> _workers = new("--workers") { Description = "documents worked on at a time; default: one for each core", HelpName = "N" };

    private readonly Option<bool> _repair = new("--repair") { Hidden = true };

    /// <summary>Adds them to a verb.</summary>
    /// <param name="verb">The verb.</param>
    /// <param name="encodings">Whether the verb decides how ids and values are kept.</param>
    public void AddTo(Command verb, bool encodings = true)
    {
        foreach (Option option in encodings ? (Option[])[_shardTokens, _ids, _values, _zstd, _workers, _repair] : [_shardTokens, _zstd, _workers, _repair])
            verb.Options.Add(option);
    }

    /// <summary>How the store keeps its rows.</summary>
    public StoreOptions Of(ParseResult parse) => new()
    {
        ShardTokens = parse.GetValue(_shardTokens),
        Ids = parse.GetValue(_ids) switch { "u16" => IdEncoding.U16, "u32" => IdEncoding.U32, "packed" => IdEncoding.Packed, _ => null },
        Values = parse.GetValue(_values) switch { "float32" => NumberType.Float32, "float64" => NumberType.Float64, _ => NumberType.Float16 },
        Zstd = parse.GetValue(_zstd),
    };

    /// <summary>Whether <c>pta store repair</c> asks.</summary>
    public bool Repairs(ParseResult parse) => parse.GetValue(_repair);

    /// <summary>Documents worked on at a time; 0 = one for each core.</summary>
    /// <exception cref="ArgumentException">It is negative.</exception>
    public int WorkersOf(ParseResult parse) => parse.GetValue(_workers) is var workers && workers >= 0
        ? workers
        : throw new ArgumentException($"--workers is {workers}; it must be a number of documents, or 0 for one on each core.");

    /// <summary>Program and command line, for the manifest.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="part">Words that say which part of the documents is taken; they come last.</param>
    public static StoreProducer ProducerOf(ParseResult parse, IReadOnlyList<string>? part = null)
    {
        List<string> command = [];
        string[] tokens = [.. parse.Tokens.Select(static t => t.Value)];
        for (int i = 0; i < tokens.Length; i++)
        {
            if (WithValue.Contains(tokens[i]))
                i++;
            else if (!Flags.Contains(tokens[i]))
                command.Add(tokens[i]);
            else if (i + 1 < tokens.Length && bool.TryParse(tokens[i + 1], out _))
                i++;
        }

        return StoreProducer.Of(ProgramName) with { Command = [.. command, .. part ?? []] };
    }

    /// <summary>The command that makes a store's missing shards again in place.</summary>
    /// <exception cref="AlignmentDataException">No command line made the store.</exception>
    public static string[] RepairOf(StoreProducer producer, string path) => producer.Command.Count > 0
        ? [.. producer.Command, "--out", path, "--repair"]
        : throw new AlignmentDataException($"{path}: was written by {producer.Program}, not by a command of pta; make it again with that program.");

    /// <summary>This program and its version.</summary>
    public static string ProgramName => "pta " + (typeof(StoreOptionSet).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "");
}
