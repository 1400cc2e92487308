using System.Globalization;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Corpus.Parts;

/// <summary>A part that is missing or damaged.</summary>
/// <param name="Index">Which one, from 0.</param>
/// <param name="Path">Where it should be.</param>
/// <param name="Damage">What is wrong: <c>is missing</c>, or each damaged file.</param>
public sealed record LackingPart(int Index, string Path, string Damage)
{
    /// <summary>Whether something is there.</summary>
    public bool IsDamaged => Directory.Exists(Path);
}

/// <summary>The parts of one output, as shard runs left them: every byte compared with what each says of itself, and all of one run.</summary>
public sealed class PartSet
{
    private readonly StoreReader[] _stores;
    private readonly (string Path, DatasetPart Part)[] _folders;

    private PartSet(string output, int count, StoreReader[] stores, (string Path, DatasetPart Part)[] folders, IReadOnlyList<LackingPart> lacking) =>
        (Output, Count, _stores, _folders, Lacking) = (output, count, stores, folders, lacking);

    /// <summary>The output that they become.</summary>
    public string Output { get; }

    /// <summary>How many there must be.</summary>
    public int Count { get; }

    /// <summary>Parts that are missing or damaged, in order; without any, all of them are there.</summary>
    public IReadOnlyList<LackingPart> Lacking { get; }

    /// <summary>The stores of aligned documents, in order; empty where the parts are dataset folders.</summary>
    public IReadOnlyList<StoreReader> Stores => _stores;

    /// <summary>The dataset folders, in order.</summary>
    internal IReadOnlyList<(string Path, DatasetPart Part)> Folders => _folders;

    /// <summary>Looks at every byte of every part.</summary>
    /// <param name="output">The output that they become.</param>
    /// <param name="count">How many there must be.</param>
    /// <param name="progress">Told after every part: parts looked at, share of all.</param>
    /// <param name="cancellation">Stops between parts.</param>
    /// <exception cref="ArgumentException">There cannot be so many.</exception>
    /// <exception cref="AlignmentDataException">Two parts are of different runs.</exception>
    public static PartSet Look(string output, int count, Action<long, double>? progress, CancellationToken cancellation)
    {
        if (count is < 1 or > CorpusPart.MaxCount)
            throw new ArgumentException($"--shards is {count}; it must be 1..{CorpusPart.MaxCount}.");
        List<StoreReader> stores = [];
        List<(string, DatasetPart)> folders = [];
        List<LackingPart> lacking = [];
        long done = 0;
        OrderedPipeline.Run(Enumerable.Range(0, count), index => LookAt(CorpusPart.NameOf(output, index, count), cancellation), found =>
        {
            if (found.Store is not null)
                stores.Add(found.Store);
            else if (found.Part is not null)
                folders.Add((found.Path, found.Part));
            else
                lacking.Add(new LackingPart((int)done, found.Path, found.Damage!));
            done++;
            progress?.Invoke(done, (double)done / count);
        }, 0, cancellation);
        var set = new PartSet(output, count, [.. stores], [.. folders], lacking);
        set.RequireOneRun();
        return set;
    }

    /// <summary>What a single run would say of itself that made the same store.</summary>
    internal static StoreHeader WholeOf(StoreHeader part) => part with { Producer = WholeOf(part.Producer) };

    /// <summary>The same of whoever made a part.</summary>
    internal static StoreProducer WholeOf(StoreProducer part) => part with
    {
        Command = [.. part.Command.TakeWhile(static word => word != ShardsOption)],
        Options = new Dictionary<string, string>(part.Options.Where(static o => o.Key != DocumentSelection.PartOption)),
    };

    /// <summary>The words of a command that say which part it makes; they come last.</summary>
    public static IReadOnlyList<string> WordsOf(int index, int count) => [ShardsOption, FormattableString.Invariant($"{count}"), "--shard", FormattableString.Invariant($"{index}")];

    private const string ShardsOption = "--shards";

    private static (string Path, StoreReader? Store, DatasetPart? Part, string? Damage) LookAt(string path, CancellationToken cancellation)
    {
        if (!Directory.Exists(path))
            return (path, null, null, "is missing");
        if (StoreReader.IsStore(path))
        {
            IReadOnlyList<string> damage = new StoreCheck { Path = path }.Run(cancellation);
            return damage.Count > 0 ? (path, null, null, string.Join("; ", damage)) : (path, new StoreReader(path), null, null);
        }

        if (DatasetPart.Read(path) is not { } part)
            return (path, null, null, $"has no whole {DatasetPart.FileName}");
        string[] bad = [.. part.DamageOf(path)];
        return bad.Length > 0 ? (path, null, null, string.Join("; ", bad)) : (path, null, part, null);
    }

    /// <summary>Options, inputs and program of all parts are one run's, and each lies where it says.</summary>
    private void RequireOneRun()
    {
        if (_stores.Length > 0 && _folders.Length > 0)
            throw new AlignmentDataException($"{_folders[0].Path}: is a dataset folder, and {_stores[0].Path} a store; both cannot be of one run.");
        foreach (StoreReader store in _stores)
        {
            if (store.Header.Kind != StoreKind.Aligned)
                throw new AlignmentDataException($"{store.Path}: holds a teacher's candidates, which no shard run writes; `pta store merge` joins such stores.");
            RequirePlace(store.Path, store.Header.Producer);
            StoreHeader first = WholeOf(_stores[0].Header), other = WholeOf(store.Header);
            if (StoreManifest.TextOf(first) != StoreManifest.TextOf(other))
                throw Different(_stores[0].Path, store.Path, StoreWriter.DifferenceOf(other, first));
        }

        foreach ((string path, DatasetPart part) in _folders)
        {
            RequirePlace(path, part.Producer);
            StoreProducer first = WholeOf(_folders[0].Part.Producer), other = WholeOf(part.Producer);
            if (!Same(first, other))
                throw Different(_folders[0].Path, path, StoreWriter.DifferenceOf(other, first));
        }
    }

    private void RequirePlace(string path, StoreProducer producer)
    {
        string[] words = [.. producer.Command.SkipWhile(static word => word != ShardsOption)];
        bool here = words is [_, _, _, var word] && int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int index) && words.SequenceEqual(WordsOf(index, Count)) && CorpusPart.NameOf(Output, index, Count) == path;
        if (!here)
            throw new AlignmentDataException($"{path}: was not made as this part ({(words.Length == 0 ? "without --shards" : string.Join(' ', words))}); give it the name of the run that made it, or remove it.");
    }

    private static bool Same(StoreProducer one, StoreProducer other) =>
        one.Program == other.Program && one.Command.SequenceEqual(other.Command) && one.Options.SequenceEqual(other.Options) && one.Inputs.SequenceEqual(other.Inputs);

    private static AlignmentDataException Different(string first, string other, string difference) =>
        new($"{other}: is of another run than {first} ({difference}); remove the one that is not wanted, and run its shard again.");
}
