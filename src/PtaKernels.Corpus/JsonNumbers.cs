using System.Text.Json;

namespace PtaKernels.Corpus;

/// <summary>Numbers of documents as JSON that <see cref="JsonLines"/> reads back bit for bit.</summary>
internal static class JsonNumbers
{
    /// <summary>The values of one row.</summary>
    public delegate ReadOnlySpan<T> Row<T>(int row);

    /// <summary>A list of integers.</summary>
    public static void WriteIntegers(this Utf8JsonWriter json, string name, ReadOnlySpan<int> values)
    {
        json.WriteStartArray(name);
        foreach (int value in values)
            json.WriteNumberValue(value);
        json.WriteEndArray();
    }

    /// <summary>A list of numbers; nothing where there is none.</summary>
    public static void WriteNumbers(this Utf8JsonWriter json, string name, double[]? values)
    {
        if (values is null)
            return;
        json.WriteStartArray(name);
        foreach (double value in values)
            json.WriteValue(value);
        json.WriteEndArray();
    }

    /// <summary>A list of lists of integers.</summary>
    public static void WriteRows(this Utf8JsonWriter json, string name, int rows, Row<int> row)
    {
        json.WriteStartArray(name);
        for (int i = 0; i < rows; i++)
        {
            json.WriteStartArray();
            foreach (int value in row(i))
                json.WriteNumberValue(value);
            json.WriteEndArray();
        }

        json.WriteEndArray();
    }

    /// <summary>A list of lists of numbers.</summary>
    public static void WriteRows(this Utf8JsonWriter json, string name, int rows, Row<double> row)
    {
        json.WriteStartArray(name);
        for (int i = 0; i < rows; i++)
        {
            json.WriteStartArray();
            foreach (double value in row(i))
                json.WriteValue(value);
            json.WriteEndArray();
        }

        json.WriteEndArray();
    }

    /// <summary>A number.</summary>
    public static void WriteValue(this Utf8JsonWriter json, string name, double value)
    {
        json.WritePropertyName(name);
        json.WriteValue(value);
    }

    /// <summary>NaN and infinities as strings, which are valid JSON.</summary>
    private static void WriteValue(this Utf8JsonWriter json, double value)
    {
        if (double.IsFinite(value))
            json.WriteNumberValue(value);
        else
            json.WriteStringValue(double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
    }
}
