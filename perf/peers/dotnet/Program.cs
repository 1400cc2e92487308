using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using PtaKernels.DotnetPeers;

// The .NET libraries that `pta bench` is measured against, on one thread:
//
//     pta-dotnet-peers FOLDER
//
// FOLDER holds the work, one file of raw little-endian numbers per array. "ready .NET QUICKENSHTEIN FUZZYSHARP STRINGSIMILARITY" is said first; lines on
// standard input are answered on standard output:
//
//     check CASE          "ok UNITS SUM", SUM a checksum of the answers that the caller knows too
//     time CASE SECONDS   "UNITS SECONDS": slices of CASE for at least SECONDS, and the processor seconds they took
//
// CASE is edit:LIBRARY (token pairs) or map:LIBRARY (queries), LIBRARY quickenshtein, fuzzysharp or stringsimilarity.
if (args.Length != 1)
{
    Console.Error.WriteLine("usage: pta-dotnet-peers FOLDER");
    return 2;
}

string[] versions = [Environment.Version.ToString(), VersionOf(typeof(Quickenshtein.Levenshtein)), VersionOf(typeof(FuzzySharp.Levenshtein)), VersionOf(typeof(F23.StringSimilarity.Levenshtein))];
Console.WriteLine($"ready {string.Join(' ', versions)}");
var works = new Dictionary<string, IWork>(StringComparer.Ordinal);
while (Console.ReadLine() is { } line)
{
    string[] words = line.Split(' ');
    try
    {
        if (!works.TryGetValue(words[1], out IWork? work))
            works.Add(words[1], work = WorkOf(words[1], args[0]));
        Console.WriteLine(words[0] == "check" ? Check(work) : Time(work, double.Parse(words[2], CultureInfo.InvariantCulture)));
    }
    catch (Exception e) when (e is IOException or ArgumentException)
    {
        Console.WriteLine($"wrong {e.Message}");
        return 1;
    }
}

return 0;

static string Check(IWork work)
{
    (double units, ulong sum) = work.Check();
    return FormattableString.Invariant($"ok {units} {sum}");
}

static string Time(IWork work, double seconds)
{
    TimeSpan processor = Environment.CpuUsage.TotalTime;
    var clock = Stopwatch.StartNew();
    double units = 0;
    do
        units += work.NextSlice();
    while (clock.Elapsed.TotalSeconds < seconds);
    return FormattableString.Invariant($"{units} {(Environment.CpuUsage.TotalTime - processor).TotalSeconds}");
}

static IWork WorkOf(string name, string folder) => name.Split(':') switch
{
    ["edit", "quickenshtein"] => new EditWork<ByQuickenshtein>(folder),
    ["edit", "fuzzysharp"] => new EditWork<ByFuzzySharp>(folder),
    ["edit", "stringsimilarity"] => new EditWork<ByStringSimilarity>(folder),
    ["map", "quickenshtein"] => new MapWork<ByQuickenshtein>(folder),
    ["map", "fuzzysharp"] => new MapWork<ByFuzzySharp>(folder),
    ["map", "stringsimilarity"] => new MapWork<ByStringSimilarity>(folder),
    _ => throw new ArgumentException($"case {name} is unknown"),
};

static string VersionOf(Type type) =>
    (type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? type.Assembly.GetName().Version!.ToString()).Split('+')[0];
