using System.Text;

namespace PtaKernels.Corpus;

/// <summary>JSON as Python's <c>json.dumps</c> writes it: bare <c>NaN</c>, <c>Infinity</c> and <c>-Infinity</c>, which strict readers refuse.</summary>
public static class PythonJson
{
    private static readonly string[] Words = ["-Infinity", "Infinity", "NaN"];

    /// <summary>The line with those three words quoted wherever they stand outside a string; the line itself when there are none.</summary>
    public static string Quote(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        if (!line.Contains("NaN", StringComparison.Ordinal) && !line.Contains("Infinity", StringComparison.Ordinal))
            return line;
        var quoted = new StringBuilder(line.Length + 64);
        bool inString = false;
        for (int i = 0; i < line.Length; i++)
        {
            char c = line[i];
            if (inString)
            {
                quoted.Append(c);
                if (c == '\\' && i + 1 < line.Length)
                    quoted.Append(line[++i]);
                else if (c == '"')
                    inString = false;
                continue;
            }

            if (Array.Find(Words, w => line.AsSpan(i).StartsWith(w, StringComparison.Ordinal)) is { } word)
            {
                quoted.Append('"').Append(word).Append('"');
                i += word.Length - 1;
                continue;
            }

            inString = c == '"';
            quoted.Append(c);
        }

        return quoted.ToString();
    }
}
