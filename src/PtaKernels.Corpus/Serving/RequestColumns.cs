using System.Globalization;
using Apache.Arrow;
using Apache.Arrow.Types;
using PtaKernels.Corpus.Folders;

namespace PtaKernels.Corpus.Serving;

/// <summary>Requests as documents. Numbers are copied, and widened exactly: ids are 32 or 64 bits wide, values float16, float32 or float64.</summary>
internal sealed class RequestColumns
{
    private static readonly string[] Prior = [ServingProtocol.PriorStarts, ServingProtocol.PriorTokens, ServingProtocol.PriorValues];

    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);
    private readonly OutputUnit _unit;

    /// <summary>Finds the columns.</summary>
    /// <param name="schema">Of the requests.</param>
    /// <param name="unit">Unit of the rows of a prior.</param>
    /// <exception cref="AlignmentDataException">Another version of the protocol, or a column that is missing, unknown, there twice or of another type.</exception>
    public RequestColumns(Schema schema, OutputUnit unit)
    {
        _unit = unit;
        string? version = schema.Metadata?.GetValueOrDefault(ServingProtocol.VersionKey);
        if (version != ServingProtocol.Version.ToString(CultureInfo.InvariantCulture))
        {
            string has = version is null ? $"has no {ServingProtocol.VersionKey}" : $"has {ServingProtocol.VersionKey} {version}";
            throw Refused($"{has} in its schema's metadata, and this pta speaks version {ServingProtocol.Version}; use a client of the same release");
        }

        for (int place = 0; place < schema.FieldsList.Count; place++)
        {
            Field field = schema.FieldsList[place];
            if (!ServingProtocol.Required.Contains(field.Name) && !ServingProtocol.Optional.Contains(field.Name))
                throw Refused($"has a column {field.Name}, which is none of {string.Join(", ", ServingProtocol.Required.Concat(ServingProtocol.Optional))}");
            if (!_places.TryAdd(field.Name, place))
                throw Refused($"has two columns {field.Name}");
            if (!Takes(field))
                throw Refused($"has {ArrowLists.Describe(field.DataType)} in column {field.Name}; expected {Expected(field.Name)}");
        }

        if (ServingProtocol.Required.FirstOrDefault(name => !_places.ContainsKey(name)) is { } missing)
            throw Refused($"has no column {missing}");
        if (Prior.Count(_places.ContainsKey) is not (0 or 3))
            throw Refused($"has some of the columns {string.Join(", ", Prior)}; expected all or none");
    }

    /// <summary>The documents of a batch.</summary>
    /// <exception cref="InvalidDataException">Arrays of a document disagree; row, document, columns.</exception>
    public DocumentPair[] Read(RecordBatch batch)
    {
        var documents = new DocumentPair[batch.Length];
        for (int row = 0; row < documents.Length; row++)
        {
            string id = TextOf(batch, row);
            try
            {
                TokenizedDocument source = SideOf(batch, row, id, "source"), target = SideOf(batch, row, id, "target");
                documents[row] = new DocumentPair(source, target, PriorOf(batch, row, target));
            }
            catch (InvalidDataException e)
            {
                throw new InvalidDataException($"row {row}, document {id}: {e.Message}", e);
            }
        }

        return documents;
    }

    private TokenizedDocument SideOf(RecordBatch batch, int row, string id, string side)
    {
        int[] ids = Integers(batch, row, side + ServingProtocol.Ids) ?? throw Null(side + ServingProtocol.Ids);
        int[] indices = Integers(batch, row, side + ServingProtocol.Indices) ?? throw Null(side + ServingProtocol.Indices);
        double[] values = Numbers(batch, row, side + ServingProtocol.Values) ?? throw Null(side + ServingProtocol.Values);
        int k = ((Int32Array)Column(batch, side + ServingProtocol.K)!).GetValue(row) ?? throw Null(side + ServingProtocol.K);
        if (k is < 1 or > TopKLogits.MaxK)
            throw new InvalidDataException($"{side}{ServingProtocol.K} is {k}; expected 1..{TopKLogits.MaxK}");
        Require(side + ServingProtocol.Indices, indices.Length, (long)ids.Length * k);
        Require(side + ServingProtocol.Values, values.Length, (long)ids.Length * k);
        double[]? sums = Numbers(batch, row, side + ServingProtocol.LogSumExp);
        Require(side + ServingProtocol.LogSumExp, sums?.Length ?? ids.Length, ids.Length);
        int[]? spans = Integers(batch, row, side + ServingProtocol.Spans);
        Require(side + ServingProtocol.Spans, spans?.Length ?? (2L * ids.Length), 2L * ids.Length);
        return new TokenizedDocument
        {
            Id = id,
            Ids = ids,
            Candidates = new TopKLogits(indices, values, k),
            LogSumExp = sums,
            Spans = spans is null ? null : [.. ids.Select((_, t) => (spans[2 * t], spans[(2 * t) + 1]))],
        };
    }

    private AlignedDocument? PriorOf(RecordBatch batch, int row, TokenizedDocument target)
    {
        int[]? starts = Integers(batch, row, ServingProtocol.PriorStarts), tokens = Integers(batch, row, ServingProtocol.PriorTokens);
        double[]? values = Numbers(batch, row, ServingProtocol.PriorValues);
        if (starts is null && tokens is null && values is null)
            return null;
        if (starts is null || tokens is null || values is null)
            throw new InvalidDataException($"some of {string.Join(", ", Prior)} are null; expected all or none");
        Require(ServingProtocol.PriorStarts, starts.Length, target.Length + 1L);
        Require(ServingProtocol.PriorValues, values.Length, tokens.Length);
        if (starts[0] != 0 || starts[^1] != tokens.Length || starts.Zip(starts.Skip(1)).Any(static s => s.Second < s.First))
            throw new InvalidDataException($"{Prior[0]} do not ascend from 0 to the {tokens.Length} entries of {Prior[1]}");
        return new AlignedDocument(target.Id, _unit, starts, tokens, values, new RowProvenance[target.Length]);
    }

    private string TextOf(RecordBatch batch, int row) =>
        ((StringArray)Column(batch, ServingProtocol.Id)!).GetString(row) ?? throw new InvalidDataException($"row {row}: {ServingProtocol.Id} is null");

    private int[]? Integers(RecordBatch batch, int row, string name) => ItemsOf(batch, row, name, ArrowLists.Integers);

    private double[]? Numbers(RecordBatch batch, int row, string name) => ItemsOf(batch, row, name, ArrowLists.Numbers);

    private T[]? ItemsOf<T>(RecordBatch batch, int row, string name, Func<string, IArrowArray, int, int, T[]> read)
    {
        if (Column(batch, name) is not { } list || list.IsNull(row))
            return null;
        (int start, int length) = ArrowLists.RangeOf(name, list, row);
        return read(name, ArrowLists.ItemsOf(list), start, length);
    }

    private IArrowArray? Column(RecordBatch batch, string name) => _places.TryGetValue(name, out int place) ? batch.Column(place) : null;

    private static void Require(string name, long found, long expected)
    {
        if (found != expected)
            throw new InvalidDataException($"{name} has {found} entries where {expected} are needed");
    }

    private static InvalidDataException Null(string name) => new($"{name} is null");

    private static bool Takes(Field field) => Expected(field.Name) switch
    {
        "utf8" => field.DataType is StringType,
        "int32" => field.DataType is Int32Type,
        "lists of int32" => ArrowLists.ItemOf(field.DataType) is Int32Type or Int64Type,
        _ => ArrowLists.ItemOf(field.DataType) is HalfFloatType or FloatType or DoubleType,
    };

    private static string Expected(string column)
    {
        bool Ends(string suffix) => column.EndsWith(suffix, StringComparison.Ordinal);
        if (column == ServingProtocol.Id)
            return "utf8";
        if (Ends(ServingProtocol.K))
            return "int32";
        return Ends(ServingProtocol.Values) || Ends(ServingProtocol.LogSumExp) ? "lists of float64" : "lists of int32";
    }

    private static AlignmentDataException Refused(string what) => new($"standard input: {what}.");
}
