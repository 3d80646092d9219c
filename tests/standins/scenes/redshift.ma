//Maya ASCII 2024 scene
//Name: redshift.ma
requires maya "2024";
requires "redshift4maya" "3.5.19";
currentUnit -l centimeter -a degree -t film;
fileInfo "application" "maya";
fileInfo "product" "a sample scene of farmhand's stand-ins";
fileInfo "version" "2024";
createNode transform -s -n "persp";
	setAttr ".v" no;
createNode camera -s -n "perspShape" -p "persp";
	setAttr -k off ".v" no;
	setAttr ".rnd" yes;
createNode transform -s -n "top";
createNode camera -s -n "topShape" -p "top";
	setAttr ".rnd" no;
createNode renderLayerManager -n "renderLayerManager";
createNode renderLayer -n "defaultRenderLayer";
	setAttr ".g" yes;
createNode RedshiftOptions -s -n "redshiftOptions";
	setAttr ".imageFormat" 1;
select -ne :time1;
	setAttr ".o" 1;
select -ne :defaultRenderGlobals;
	setAttr ".ren" -type "string" "redshift";
	setAttr ".outf" 32;
	setAttr ".an" yes;
	setAttr ".fs" 1;
	setAttr ".ef" 5;
	setAttr ".pff" yes;
	setAttr ".ep" 4;
select -ne :defaultResolution;
	setAttr ".w" 64;
	setAttr ".h" 36;
// End of redshift.ma
