using System.IO.Compression;
using System.Text.Json;

namespace PtaKernels.Corpus;

/// <summary>Tokenized documents as JSON lines, plain or gzip: one object per document and model.</summary>
/// <remarks>
/// Fields, named as the official columns: <c>input_ids</c>, <c>per_step_logits</c> and <c>per_step_indices</c> ([length][k], best first; surplus padded rows
/// are trimmed). Optional: <c>id</c> (else the line number), <c>per_step_lse</c> ([length] log-sum-exp at temperature 1), <c>per_step_metric_ce</c>
/// ([length - 1] cross-entropy of token t + 1 in nats), <c>metric_ce</c> (their mean), <c>byte_offsets</c> ([length][start, end] in the original document).
/// Other fields are left alone. A gzip stream that was cut off is found only where the host sets System.IO.Compression.UseStrictValidation, as
/// <c>pta</c> does. Python's bare NaN and Infinity are understood.
/// </remarks>
public static class JsonLines
{
    /// <summary>Reads documents one by one.</summary>
    /// <exception cref="AlignmentDataException">A line is damaged; the message names file, line and field, and what is expected.</exception>
    public static IEnumerable<TokenizedDocument> Read(string path) => ReadLines(path).Select(line => Parse(path, line));

    /// <summary>The lines of a file with their numbers from 1; blank lines are left out.</summary>
    /// <exception cref="AlignmentDataException">There is no such file, or its gzip stream is cut off or damaged.</exception>
    public static IEnumerable<NumberedLine> ReadLines(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path))
            throw new AlignmentDataException($"{path}: no such file.");
        using Stream file = File.OpenRead(path);
        using Stream stream = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
        using var reader = new StreamReader(stream);
        for (int number = 1; ; number++)
        {
            string? line;
            try
            {
                line = reader.ReadLine();
            }
            catch (InvalidDataException e)
            {
                throw new AlignmentDataException($"{path}: the gzip stream is damaged or cut off after line {number - 1}; make the file again.", e);
            }

            if (line is null)
                break;
            if (line.Length > 0)
                yield return new NumberedLine(number, line, (double)file.Position / Math.Max(1, file.Length));
        }
    }

    /// <summary>One document from its line.</summary>
    /// <exception cref="AlignmentDataException">The line is not such a document.</exception>
    public static TokenizedDocument Parse(string path, NumberedLine line)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(PythonJson.Quote(line.Text));
            return new Parser(path, line, json.RootElement).Document();
        }
        catch (JsonException e)
        {
            throw NotWhole(path, line, e);
        }
    }

    /// <summary>A field of a line as text: a string as it is, a number or truth value as written, null where it is null.</summary>
    /// <exception cref="AlignmentDataException">The line is no object, or the field is missing, a list or an object.</exception>
    public static string? FieldOf(string path, NumberedLine line, string field)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(PythonJson.Quote(line.Text));
            if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty(field, out JsonElement value)
                && value.ValueKind is not (JsonValueKind.Array or JsonValueKind.Object))
            {
                return value.ValueKind == JsonValueKind.Null ? null : value.ToString();
            }
        }
        catch (JsonException e)
        {
            throw NotWhole(path, line, e);
        }

        throw new AlignmentDataException($"{path}, line {line.Number}: has no field {field} with one value; name another one.");
    }

    /// <summary>The name of a document whose line gives none.</summary>
    internal static string DefaultIdOf(NumberedLine line) => $"line {line.Number}";

    private static AlignmentDataException NotWhole(string path, NumberedLine line, JsonException e) =>
        new($"{path}, line {line.Number}: not whole JSON (byte {e.BytePositionInLine}); the file may be cut off, make it again.", e);

    private sealed class Parser(string path, NumberedLine line, JsonElement root)
    {
        public TokenizedDocument Document()
        {
            if (root.ValueKind != JsonValueKind.Object)
                throw Bad("is not a JSON object");
            string id = root.TryGetProperty("id", out JsonElement given) ? At("id", null, given, static v => v.ToString()) : DefaultIdOf(line);
            int[] ids = Integers(Required("input_ids"), "input_ids");
            (int[] indices, int k) = Rows(Required("per_step_indices"), "per_step_indices", ids.Length, static v => v.GetInt32());
            (double[] values, int valuesK) = Rows(Required("per_step_logits"), "per_step_logits", ids.Length, Number);
            if (k != valuesK)
                throw Bad($"per_step_logits has {valuesK} values per row, per_step_indices {k}");
            return new TokenizedDocument
            {
                Id = id,
                Ids = ids,
                Candidates = ids.Length == 0 ? new TopKLogits([], [], 1) : Candidates(indices, values, k),
                LogSumExp = Optional("per_step_lse", ids.Length),
                LabelCrossEntropy = Optional("per_step_metric_ce", ids.Length - 1),
                MeanCrossEntropy = root.TryGetProperty("metric_ce", out JsonElement mean) && mean.ValueKind != JsonValueKind.Null ? At("metric_ce", null, mean, Number) : null,
                Spans = Spans(ids.Length),
            };
        }

        private TopKLogits Candidates(int[] indices, double[] values, int k)
        {
            if (k is < 1 or > TopKLogits.MaxK)
                throw Bad($"rows have {k} candidates; 1..{TopKLogits.MaxK} are possible");
            return new TopKLogits(indices, values, k);
        }

        private JsonElement Required(string field) =>
            root.TryGetProperty(field, out JsonElement value) && value.ValueKind == JsonValueKind.Array
                ? value
                : throw Bad($"has no list {field}; each document needs input_ids, per_step_logits and per_step_indices");

        private double[]? Optional(string field, int length)
        {
            if (!root.TryGetProperty(field, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
                return null;
            if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() < length)
                throw Bad($"field {field} must be a list of {length} numbers");
            return [.. value.EnumerateArray().Take(Math.Max(0, length)).Select((v, i) => At(field, i, v, Number))];
        }

        private int[] Integers(JsonElement array, string field) => [.. array.EnumerateArray().Select((v, i) => At(field, i, v, static e => e.GetInt32()))];

        /// <summary>The leading rows of a [length or more][k] list as one array; rows beyond the document are padding.</summary>
        private (T[] Values, int K) Rows<T>(JsonElement rows, string field, int length, Func<JsonElement, T> read)
        {
            if (rows.GetArrayLength() < length)
                throw Bad($"{field} has {rows.GetArrayLength()} rows for {length} input_ids");
            int k = 0, row = 0;
            T[] values = [];
            foreach (JsonElement items in rows.EnumerateArray().Take(length))
            {
                if (items.ValueKind != JsonValueKind.Array)
                    throw Bad($"{field} row {row} is not a list");
                if (row == 0)
                    values = new T[length * (k = items.GetArrayLength())];
                else if (items.GetArrayLength() != k)
                    throw Bad($"{field} row {row} has {items.GetArrayLength()} values, row 0 has {k}; every row needs the same k");
                int column = 0;
                string place = $"{field} row {row}, column";
                foreach (JsonElement item in items.EnumerateArray())
                {
                    values[(row * k) + column] = At(place, column, item, read);
                    column++;
                }

                row++;
            }

            return (values, k);
        }

        private (int Start, int End)[]? Spans(int length)
        {
            if (!root.TryGetProperty("byte_offsets", out JsonElement value) || value.ValueKind == JsonValueKind.Null)
                return null;
            if (value.ValueKind != JsonValueKind.Array)
                throw Bad($"field byte_offsets must be a list of {length} spans [start, end]");
            (int[] flat, int width) = Rows(value, "byte_offsets", length, static v => v.GetInt32());
            if (length > 0 && width != 2)
                throw Bad($"byte_offsets rows have {width} numbers; each is [start, end]");
            return [.. Enumerable.Range(0, length).Select(t => (flat[2 * t], flat[(2 * t) + 1]))];
        }

        private T At<T>(string field, int? index, JsonElement value, Func<JsonElement, T> read)
        {
            try
            {
                return read(value);
            }
            catch (Exception e) when (e is InvalidOperationException or FormatException)
            {
                throw Bad($"{field}{(index is null ? "" : $" {index}")} is {value.GetRawText()}, not a value that fits");
            }
        }

        private static double Number(JsonElement value) => value.ValueKind == JsonValueKind.String
            ? value.GetString() switch
            {
                "NaN" => double.NaN,
                "Infinity" => double.PositiveInfinity,
                "-Infinity" => double.NegativeInfinity,
                _ => throw new FormatException(),
            }
            : value.GetDouble();

        private AlignmentDataException Bad(string what) => new($"{path}, line {line.Number}: {what}.");
    }
}

/// <summary>A line of a file.</summary>
/// <param name="Number">From 1, blank lines counted.</param>
/// <param name="Text">The line.</param>
/// <param name="Share">About how much of the file is read with it, 0..1.</param>
public readonly record struct NumberedLine(int Number, string Text, double Share = 0);
