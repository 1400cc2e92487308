using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Xml.Linq;

namespace PtaKernels.Gate;

/// <summary>What was measured, for machines. Files appear whole or not at all.</summary>
internal static class Reports
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>The commits and all measurements.</summary>
    /// <param name="base">BASE's commit.</param>
    /// <param name="head">HEAD's; the work tree may have changes beside it.</param>
    /// <param name="measurements">What was measured.</param>
    public static string ToJson(string @base, string head, IEnumerable<Measurement> measurements) =>
        JsonSerializer.Serialize(new { Base = @base, Head = head, Measurements = measurements }, Json) + "\n";

    /// <summary>A test suite for each set and a test case for each measurement, as CI services read them.</summary>
    public static string ToJUnit(IEnumerable<Measurement> measurements)
    {
        IGrouping<string, Measurement>[] sets = [.. measurements.GroupBy(static m => m.Set)];
        var suites = new XElement("testsuites", sets.Select(static set => new XElement(
            "testsuite",
            new XAttribute("name", "check-perf." + set.Key),
            new XAttribute("tests", set.Count()),
            new XAttribute("failures", set.Count(static m => m.Verdict == Verdict.Failed)),
            new XAttribute("errors", 0),
            new XAttribute("skipped", set.Count(static m => m.Verdict == Verdict.Skipped)),
            set.Select(TestCase))));
        return new XDeclaration("1.0", "utf-8", null) + "\n" + suites + "\n";
    }

    /// <summary>Writes a file beside its name first, then moves it there.</summary>
    public static void WriteWhole(string path, string text)
    {
        string full = Path.GetFullPath(path), part = full + ".part";
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(part, text);
        File.Move(part, full, overwrite: true);
    }

    /// <summary>The figures of a measurement in words.</summary>
    public static string Describe(Measurement m)
    {
        string figures = m switch
        {
            { Low: { } low, High: { } high } => string.Create(CultureInfo.InvariantCulture, $"{m.Ratio:F3} times BASE's time, 98 % interval {low:F3} to {high:F3}"),
            { Base: { } b, New: { } n } => string.Create(CultureInfo.InvariantCulture, $"{n:F0}, BASE has {b:F0}"),
            _ => "",
        };
        return string.Join("; ", new[] { figures, m.Note }.Where(static s => s.Length > 0));
    }

    private static XElement TestCase(Measurement m)
    {
        var element = new XElement("testcase", new XAttribute("classname", "check-perf." + m.Set), new XAttribute("name", $"{m.Case} {m.Kind}"));
        if (m.Verdict == Verdict.Failed)
            element.Add(new XElement("failure", new XAttribute("message", Describe(m))));
        else if (m.Verdict == Verdict.Skipped)
            element.Add(new XElement("skipped", new XAttribute("message", Describe(m))));
        else
            element.Add(new XElement("system-out", Describe(m)));
        return element;
    }
}
