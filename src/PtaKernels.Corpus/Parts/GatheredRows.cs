using System.Globalization;
using System.Text;
using System.Text.Json;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Corpus.Parts;

/// <summary>An input row of the parts: an aligned document, or one that was set aside.</summary>
/// <param name="Number">Its number in its split.</param>
/// <param name="Size">About the bytes of the target's record.</param>
/// <param name="Row">The aligned document, or null.</param>
/// <param name="Line">Its line in a quarantine file, or null.</param>
internal sealed record GatheredRow(long Number, long Size, StoreRow? Row, byte[]? Line);

/// <summary>The rows of all parts of a store in the order of a single run, which saw those set aside as well.</summary>
internal sealed class GatheredRows
{
    private readonly IReadOnlyList<StoreReader> _parts;
    private readonly Lazy<StoreReader> _target;

    /// <summary>Takes the parts of one run, in order.</summary>
    /// <exception cref="AlignmentDataException">They do not follow one another.</exception>
    public GatheredRows(IReadOnlyList<StoreReader> parts)
    {
        _parts = parts;
        _target = new Lazy<StoreReader>(Target);
        foreach (string split in parts[0].Splits)
            RequireAllRows(split);
    }

    /// <summary>The rows of a split.</summary>
    public (long First, long Stop) RangeOf(string split) => (0, _parts.SelectMany(p => ShardsOf(p, split)).Select(static s => s.FirstRow + s.Rows).DefaultIfEmpty(0).Max());

    /// <summary>Documents of the largest record batch, rounded up to a power of two: what the backend asked for where it asked for more than usual.</summary>
    public int DocumentsAtOnce() => (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(RowItems.DocumentsOfItem, _parts.Max(static p => p.Shards.Count == 0 ? 0 : p.Open(0).ReadBatches().Max(static b => b.Batch.Length))));

    /// <summary>Rows from one on and before another; the last row of a split where it was not taken, as null.</summary>
    public IEnumerable<(long Row, GatheredRow? Taken)> Read(string split, long first, long stop)
    {
        long last = first - 1;
        foreach (GatheredRow row in _parts.Where(p => ShardsOf(p, split).Any(s => s.FirstRow + s.Rows > first && s.FirstRow < stop)).SelectMany(p => Together(p, split)))
        {
            if (row.Number < first || row.Number >= stop)
                continue;
            last = row.Number;
            yield return (last, row);
        }

        if (last < stop - 1)
            yield return (stop - 1, null);
    }

    private IEnumerable<GatheredRow> Together(StoreReader part, string split)
    {
        var aside = new Queue<GatheredRow>(SetAside(part, split));
        foreach (StoreRow row in part.Rows(split, 0))
        {
            long number = row.Guard(() => row.Rows.NumberOf<long>(StoreColumns.Row, row.BatchRow)) ?? throw new AlignmentDataException($"{row.Where}: does not tell its row; align the part again.");
            while (aside.TryPeek(out GatheredRow? before) && before.Number < number)
                yield return aside.Dequeue();
            yield return new GatheredRow(number, new StoreRecord(part, row).Size, row, null);
        }

        foreach (GatheredRow rest in aside)
            yield return rest;
    }

    private IEnumerable<GatheredRow> SetAside(StoreReader part, string split)
    {
        foreach (StoreShard shard in ShardsOf(part, split).Where(static s => s.QuarantineSha256 is not null))
        {
            foreach (string line in File.ReadLines(Path.Combine(part.Path, StoreFiles.QuarantineOf(shard.File))))
            {
                using JsonDocument json = JsonDocument.Parse(line);
                string key = json.RootElement.GetProperty("document").GetString()!;
                long number = long.Parse(key.AsSpan(key.LastIndexOfAny([' ', '/']) + 1), NumberStyles.None, CultureInfo.InvariantCulture);
                yield return new GatheredRow(number, _target.Value.DocumentAt(split, number).Size, null, Encoding.UTF8.GetBytes(line + "\n"));
            }
        }
    }

    /// <summary>The target's store, which knows the length of what was set aside.</summary>
    private StoreReader Target()
    {
        StoreInput input = _parts[0].Header.Producer.Inputs[0];
        if (StoreReader.IsStore(input.Path) && new StoreReader(input.Path) is var store && store.Identity == input.Identity)
            return store;
        throw new AlignmentDataException($"{input.Path}: is not the store any more that the parts were aligned from; documents were set aside, and only that store tells their lengths. Put it back.");
    }

    /// <summary>Each shard begins where the one before ended.</summary>
    private void RequireAllRows(string split)
    {
        long row = 0;
        foreach ((StoreReader part, StoreShard shard) in _parts.SelectMany(p => ShardsOf(p, split).Select(s => (p, s))))
        {
            if (shard.FirstRow != row)
                throw new AlignmentDataException($"{Path.Combine(part.Path, shard.File)}: begins with row {shard.FirstRow}, and the parts before it end with row {row}; align the corpus again, it has changed between the parts.");
            row += shard.Rows;
        }
    }

    private static IEnumerable<StoreShard> ShardsOf(StoreReader part, string split) => part.Shards.Where(s => s.Split == split);
}
